import { describe, expect, test } from "vitest";
import { allowed, dollied, keyed, LOOK, orbit, panned, stand, turned } from "../src/orbit";
import type { Camera } from "../src/state";

const home: Camera = { azimuth: 0, elevation: 0.5, distance: 2 };
const nowhere = () => NaN;

describe("orbit", () => {
  test("azimuth 0 stands in the south and looks north", () => {
    const { eye, target } = stand({ azimuth: 0, elevation: 0, distance: 2 });
    expect(eye).toEqual([0, LOOK, 2]);
    expect(target.map((value) => value + 0)).toEqual([0, LOOK, 0]);
    const east = stand({ azimuth: Math.PI / 2, elevation: 0, distance: 1 }).eye;
    expect(east[0]).toBeCloseTo(1, 12);
    expect(east[2]).toBeCloseTo(0, 12);
  });
  test("the distance to what is looked at is kept", () => {
    for (const camera of [home, { azimuth: 2, elevation: 1.2, distance: 0.7, east: 0.2, north: -0.1 }]) {
      const { eye, target } = stand(camera);
      expect(Math.hypot(...eye.map((value, n) => value - target[n]!))).toBeCloseTo(camera.distance, 12);
    }
  });
  test("a full turn ends where it began", () => {
    let camera: Camera = { ...home, azimuth: 3 };
    for (let n = 0; n < 8; n++) camera = turned(camera, Math.PI / 4, 0);
    expect(camera.azimuth).toBeCloseTo(3, 12);
    expect(Math.abs(turned({ ...home, azimuth: 3.1 }, 0.2, 0).azimuth)).toBeLessThanOrEqual(Math.PI);
  });
  test("pans go along the screen, whichever way one looks", () => {
    const north = panned(home, 0.1, 0);
    expect([north.east, north.north]).toEqual([0.2, 0]);
    const fromEast = panned({ ...home, azimuth: Math.PI / 2 }, 0.1, 0); // looks west: right is north
    expect(fromEast.east).toBeCloseTo(0, 12);
    expect(fromEast.north).toBeCloseTo(0.2, 12);
    expect(panned(home, 0, 0.1).north).toBeCloseTo(0.2, 12);
  });
  test("elevation, distance and place have limits", () => {
    const wild = allowed({ azimuth: 0, elevation: 9, distance: 99, east: 5, north: -5 }, nowhere);
    expect(wild).toEqual({ azimuth: 0, elevation: Math.PI / 2 - 0.01, distance: 6, east: 0.6, north: -0.6 });
    expect(allowed({ ...home, elevation: -1 }, nowhere).elevation).toBe(0.05);
    expect(allowed(home, nowhere)).toEqual(home);
  });
  test("the eye stays above the ground", () => {
    const ground = (x: number, z: number) => (Math.hypot(x, z) < 0.7 ? 0.3 : NaN);
    const camera = allowed({ azimuth: 1, elevation: 0.05, distance: 0.5 }, ground);
    expect(stand(camera).eye[1]).toBeGreaterThanOrEqual(0.35);
    expect(camera.azimuth).toBe(1);
  });
  test("keys turn, come nearer and return; others are left alone", () => {
    expect(keyed("ArrowRight", false, home, home)).toEqual(turned(home, 0.1, 0));
    expect(keyed("ArrowUp", false, home, home)!.elevation).toBeGreaterThan(home.elevation);
    expect(keyed("+", false, home, home)!.distance).toBeLessThan(2);
    expect(keyed("-", false, dollied(home, 0.9), home)!.distance).toBeCloseTo(2, 12);
    expect(keyed("0", false, turned(home, 1, 1), home)).toBe(home);
    expect(keyed("Tab", false, home, home)).toBeNull();
    expect(keyed("ArrowRight", true, home, home)).toEqual(panned(home, 0.04, 0));
    expect(keyed("ArrowUp", true, home, home)!.north).toBeGreaterThan(0);
    expect(keyed("+", true, home, home)!.distance).toBeLessThan(2); // on many keyboards plus is typed with Shift
  });
});

/** An element without a document: 400 x 300 pixels at (100, 50). */
class Pane extends EventTarget {
  clientHeight = 300;
  getBoundingClientRect = () => ({ left: 100, top: 50 });
  setPointerCapture = () => undefined;
  focus = () => undefined;
}

function held(wheel = true) {
  const pane = new Pane();
  const told: string[] = [];
  let camera = home;
  const stop = orbit(pane as unknown as HTMLElement, {
    camera: () => camera,
    move: (to) => {
      camera = to;
      told.push("move");
    },
    hover: (x, y) => void told.push(`hover ${x} ${y}`),
    leave: () => void told.push("leave"),
    click: (x, y) => void told.push(`click ${x} ${y}`),
    wheel: () => wheel,
  });
  const does = (type: string, x: number, y: number, more: object = {}) => {
    const event = Object.assign(new Event(type, { cancelable: true }), { pointerId: 1, button: 0, clientX: x + 100, clientY: y + 50 }, more);
    pane.dispatchEvent(event);
    return event;
  };
  return { does, told, stop, now: () => camera };
}

describe("hands", () => {
  test("a click is told when it ends, never at the start of a drag", () => {
    const { does, told } = held();
    does("pointerdown", 10, 20);
    expect(told).toEqual([]);
    does("pointermove", 12, 21); // a hand is never quite still
    does("pointerup", 12, 21);
    expect(told).toEqual(["click 12 21"]);
  });
  test("a drag turns and clicks nothing, not even where it returns to", () => {
    const { does, told, now } = held();
    does("pointerdown", 10, 20);
    does("pointermove", 40, 20);
    does("pointermove", 10, 20);
    does("pointerup", 10, 20);
    expect(told).toEqual(["move", "move"]);
    expect(now()).toEqual({ ...home, azimuth: expect.closeTo(0, 12) });
    does("pointermove", 50, 60);
    expect(told.at(-1)).toBe("hover 50 60");
  });
  test("drags turn toward the hand: right turns the ground right, down looks from above", () => {
    const { does, now } = held();
    does("pointerdown", 0, 0);
    does("pointermove", 30, 60);
    expect(now().azimuth).toBeCloseTo(-0.32, 12);
    expect(now().elevation).toBeCloseTo(home.elevation + 0.48, 12);
  });
  test("the right button moves what is looked at and clicks nothing", () => {
    const { does, told, now } = held();
    does("pointerdown", 0, 0, { button: 2 });
    does("pointerup", 0, 0, { button: 2 });
    expect(told).toEqual([]);
    does("pointerdown", 0, 0, { button: 2 });
    does("pointermove", 30, 0, { button: -1 });
    expect(now().azimuth).toBe(0);
    expect(now().east).toBeCloseTo(-0.14, 12);
    expect(does("contextmenu", 0, 0).defaultPrevented).toBe(true);
  });
  test("two fingers twice as far apart come twice as near, and click nothing", () => {
    const { does, told, now } = held();
    does("pointerdown", 100, 100);
    does("pointerdown", 200, 100, { pointerId: 2 });
    does("pointermove", 300, 100, { pointerId: 2 });
    expect(now().distance).toBeCloseTo(1, 12);
    does("pointerup", 300, 100, { pointerId: 2 });
    does("pointerup", 100, 100);
    expect(told.every((each) => each === "move")).toBe(true);
  });
  test("a finger that scrolls the page clicks nothing", () => {
    const { does, told } = held();
    does("pointerdown", 100, 100);
    does("pointercancel", 100, 100);
    does("pointerup", 100, 100);
    expect(told).toEqual([]);
  });
  test("the wheel scrolls the page where it is not ours, a pinch never does", () => {
    const turn = { deltaY: 100, deltaMode: 0, ctrlKey: false };
    const page = held(false);
    expect(page.does("wheel", 0, 0, turn).defaultPrevented).toBe(false);
    expect(page.does("wheel", 0, 0, { ...turn, ctrlKey: true }).defaultPrevented).toBe(true);
    const ours = held();
    expect(ours.does("wheel", 0, 0, turn).defaultPrevented).toBe(true);
    expect(ours.now().distance).toBeGreaterThan(2);
  });
  test("afterwards nothing is heard", () => {
    const { does, told, stop } = held();
    stop();
    does("pointermove", 1, 1);
    expect(told).toEqual([]);
  });
});
