/** Orbit: the camera around the terrain, moved by mouse, fingers, wheel and keys. */

import { TALL } from "./ground";
import type { Camera } from "./state";

export const LOOK = TALL * 0.12; // y of what the camera looks at
const HALF_PI = Math.PI / 2;

/** Where the camera stands and what it looks at. */
export function stand(camera: Camera): { eye: [number, number, number]; target: [number, number, number] } {
  const { azimuth, elevation, distance, east = 0, north = 0 } = camera;
  const flat = distance * Math.cos(elevation);
  const target: [number, number, number] = [east, LOOK, -north];
  const eye: [number, number, number] = [
    east + flat * Math.sin(azimuth),
    LOOK + distance * Math.sin(elevation),
    -north + flat * Math.cos(azimuth),
  ];
  return { eye, target };
}

export function turned(camera: Camera, right: number, up: number): Camera {
  const azimuth = Math.atan2(Math.sin(camera.azimuth + right), Math.cos(camera.azimuth + right));
  return { ...camera, azimuth, elevation: camera.elevation + up };
}

export function dollied(camera: Camera, factor: number): Camera {
  return { ...camera, distance: camera.distance * factor };
}

/** Move what is looked at, in the directions of the screen, by shares of the distance. */
export function panned(camera: Camera, right: number, away: number): Camera {
  const [sin, cos] = [Math.sin(camera.azimuth), Math.cos(camera.azimuth)];
  const { east = 0, north = 0, distance } = camera;
  return {
    ...camera,
    east: east + distance * (right * cos - away * sin),
    north: north + distance * (right * sin + away * cos),
  };
}

/** The nearest camera that is allowed: near the terrain, and with its eye above the ground. */
export function allowed(camera: Camera, heightAt: (x: number, z: number) => number): Camera {
  const kept: Camera = {
    ...camera,
    elevation: Math.min(HALF_PI - 0.01, Math.max(0.05, camera.elevation)),
    distance: Math.min(6, Math.max(0.3, camera.distance)),
  };
  if (kept.east !== undefined) kept.east = Math.min(0.6, Math.max(-0.6, kept.east));
  if (kept.north !== undefined) kept.north = Math.min(0.6, Math.max(-0.6, kept.north));
  while (kept.elevation < HALF_PI - 0.01) {
    const [x, y, z] = stand(kept).eye;
    if (!(y < heightAt(x, z) + 0.05)) break;
    kept.elevation = Math.min(HALF_PI - 0.01, kept.elevation + 0.02);
  }
  return kept;
}

const KEYS: Record<string, (camera: Camera) => Camera> = {
  ArrowLeft: (camera) => turned(camera, -0.1, 0),
  ArrowRight: (camera) => turned(camera, 0.1, 0),
  ArrowUp: (camera) => turned(camera, 0, 0.07),
  ArrowDown: (camera) => turned(camera, 0, -0.07),
  "+": (camera) => dollied(camera, 0.9),
  "=": (camera) => dollied(camera, 0.9),
  "-": (camera) => dollied(camera, 1 / 0.9),
};

const SHIFTED: Record<string, (camera: Camera) => Camera> = {
  ArrowLeft: (camera) => panned(camera, -0.04, 0),
  ArrowRight: (camera) => panned(camera, 0.04, 0),
  ArrowUp: (camera) => panned(camera, 0, 0.04),
  ArrowDown: (camera) => panned(camera, 0, -0.04),
};

/** What a key does to the camera; null for keys that are not ours. */
export function keyed(key: string, shift: boolean, camera: Camera, home: Camera): Camera | null {
  return key === "0" ? home : (((shift && SHIFTED[key]) || KEYS[key])?.(camera) ?? null);
}

export interface Hands {
  camera(): Camera;
  move(camera: Camera): void;
  hover(x: number, y: number): void;
  leave(): void;
  /** Pressed and released without a drag. */
  click(x: number, y: number): void;
  /** Whether a turn of the wheel is ours; else it scrolls the page. */
  wheel(): boolean;
}

const STILL = 4; // pixels: less is a click, more is a drag

/** Listen on `el`; return how to stop. Places are CSS pixels within `el`. */
export function orbit(el: HTMLElement, hands: Hands): () => void {
  const held = new Map<number, { x: number; y: number }>();
  let begun: { x: number; y: number; button: number } | null = null;
  let dragged = false;
  const place = (event: MouseEvent) => {
    const box = el.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const one = (dx: number, dy: number, pans: boolean) => {
    const size = el.clientHeight || 1;
    const camera = hands.camera();
    if (pans) hands.move(panned(camera, (-dx / size) * 0.7, (dy / size) * 0.9));
    else hands.move(turned(camera, (-dx / size) * 3.2, (dy / size) * 2.4));
  };
  const two = (id: number, now: { x: number; y: number }) => {
    const other = [...held].find(([key]) => key !== id)![1];
    const old = held.get(id)!;
    const before = Math.hypot(old.x - other.x, old.y - other.y) || 1;
    const after = Math.hypot(now.x - other.x, now.y - other.y) || 1;
    hands.move(dollied(hands.camera(), before / after));
    one((now.x - old.x) / 2, (now.y - old.y) / 2, true);
  };
  const listeners: Record<string, (event: never) => void> = {
    pointerdown(event: PointerEvent) {
      const now = place(event);
      held.set(event.pointerId, now);
      begun = held.size === 1 ? { ...now, button: event.button } : null;
      dragged = held.size > 1;
      el.setPointerCapture(event.pointerId);
      el.focus({ preventScroll: true });
    },
    pointermove(event: PointerEvent) {
      const now = place(event);
      const old = held.get(event.pointerId);
      if (!old) return hands.hover(now.x, now.y);
      if (begun && Math.hypot(now.x - begun.x, now.y - begun.y) >= STILL) dragged = true;
      if (!dragged) return;
      if (held.size === 1) one(now.x - old.x, now.y - old.y, (begun?.button ?? 0) !== 0 || event.shiftKey);
      else if (held.size === 2) two(event.pointerId, now);
      held.set(event.pointerId, now);
    },
    pointerup(event: PointerEvent) {
      const now = place(event);
      const clicked = held.delete(event.pointerId) && begun && !dragged && begun.button === 0;
      if (clicked) hands.click(now.x, now.y);
      begun = null;
    },
    pointercancel(event: PointerEvent) {
      held.delete(event.pointerId);
      begun = null;
    },
    pointerleave() {
      if (!held.size) hands.leave();
    },
    contextmenu(event: Event) {
      event.preventDefault();
    },
    wheel(event: WheelEvent) {
      if (!event.ctrlKey && !hands.wheel()) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const turn = Math.max(-60, Math.min(60, event.deltaY * lines)) * (event.ctrlKey ? 4 : 1);
      hands.move(dollied(hands.camera(), Math.exp(turn * 0.0025)));
    },
  };
  for (const [name, listener] of Object.entries(listeners)) {
    el.addEventListener(name, listener as EventListener, { passive: name !== "wheel" && name !== "contextmenu" });
  }
  return () => {
    for (const [name, listener] of Object.entries(listeners)) el.removeEventListener(name, listener as EventListener);
  };
}
