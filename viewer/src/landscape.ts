/** Landscape: puts what the state holds onto the stage, and labels over it. */

import { axesOf } from "./axes";
import { readable, type Theme } from "./colors";
import { fromTo, short } from "./digits";
import { ROUNDING } from "./gap";
import { type Ground, groundOf, heightAt, type Placing, placing } from "./ground";
import type { Label, Ring } from "./labels";
import { allowed, stand } from "./orbit";
import { painted } from "./paint";
import { pick } from "./pick";
import { onRun } from "./inspect";
import { rowAt } from "./row";
import { Symbols } from "./shaders";
import { type Quality, type Stage, unit } from "./stage";
import type { Held, Path, Pointer, Run, State } from "./state";
import type { Billboard } from "./billboards";
import { nearest, placeOf, STRIDE, trailOf } from "./trails";

const PICTURE = 1024; // pixels of the painted map
const DRAFT = 512;
const MOST = 6000; // vertices of all trails together
const REACH = 9; // CSS pixels: how near to a trail the pointer marks its step
const SHOWN = 6; // runs: with more, only the heads that leave the picture are named

export class Landscape {
  ground: Ground | null = null;
  private surface: Held<"surface"> | null = null;
  private placing: Placing | null = null;
  private theme: Theme | null = null;
  private readonly drawn = new Map<number, { path: Path; trail: Float32Array; fine: number }>();
  private size: [number, number] = [1, 1];

  constructor(
    private readonly stage: Stage,
    private readonly state: State,
  ) {}

  /** A new surface, height scale or theme. */
  build(theme: Theme): void {
    const { surface, height } = this.state;
    if (!surface) return;
    this.theme = theme;
    this.surface = surface;
    this.ground = groundOf(surface, height);
    this.placing = placing(this.ground.a, this.ground.b, surface.equal);
    this.drawn.clear();
    this.stage.setTheme(theme.paper, theme.ink);
    this.stage.block.setGround(this.ground, unit(theme.ink));
    const picture = painted(surface, theme, surface.draft ? DRAFT : PICTURE);
    this.stage.block.setPicture(picture, surface.levels, theme, this.stage.renderer.capabilities.getMaxAnisotropy() >= 8 ? 4 : 1);
  }

  /** Draw below the upper `top` pixels; return the labels that belong over the picture. */
  draw(width: number, height: number, top: number, quality: Quality): Label[] {
    const { ground, surface, theme, stage, state } = this;
    if (!ground || !surface || !theme) return [];
    this.size = [width, height];
    const camera = allowed(state.camera, (x, z) => heightAt(ground, x, z)); // the ground may have risen over the eye
    stage.aim(camera, width, height, top, [ground.x[ground.na - 1]!, ground.z[0]!]);
    const project = ([x, y, z]: readonly [number, number, number]): [number, number] => {
      const [right, down] = stage.project(x, y, z);
      return [right * width, down * height];
    };
    const axes = axesOf(ground, surface, stand(camera).eye, project);
    stage.setRuler(axes.ruler, theme.quiet);
    const heads = this.runs();
    stage.setSymbols([...this.marks(), ...heads.symbols]);
    stage.draw(width, height, quality);
    return [...this.headLabels(heads.at, project), ...this.markLabels(project), ...axes.labels];
  }

  /** The place of the ground under a place of the screen, or the step of a run drawn there. */
  under(x: number, y: number): Pointer | null {
    if (!this.ground || !this.placing) return null;
    const [width, height] = this.size;
    let best = { run: -1, step: -1, away: REACH };
    for (const [run, { trail }] of this.drawn) {
      const project = (...place: [number, number, number]) => {
        const [right, down] = this.stage.project(...place);
        return [right * width, down * height] as const;
      };
      const found = nearest(trail, this.state.time ?? Infinity, project, [x, y]);
      if (found.away < best.away) best = { run, ...found };
    }
    const run = this.state.runs.get(best.run);
    if (run) return onRun(run, best.step);
    const place = this.place(x, y);
    return place ? { ...place, run: null, step: null } : null;
  }

  /** The coordinates of the ground under a place of the screen. */
  place(x: number, y: number): { a: number; b: number } | null {
    if (!this.ground || !this.placing) return null;
    const { origin, ray } = this.stage.ray(x / this.size[0], y / this.size[1]);
    const hit = pick(this.ground, origin, ray);
    return hit && { a: this.placing.a(hit[0]), b: this.placing.b(hit[2]) };
  }

  /** The places that the pointer marks, here or elsewhere. */
  rings(): Ring[] {
    const { state, stage, ground } = this;
    if (!ground) return [];
    return [...new Set([state.pointer, state.pinned ? state.looked : null])].flatMap((pointer): Ring[] => {
      const place = pointer && (this.onRun(pointer) ?? this.onGround(pointer.a, pointer.b));
      if (!place) return [];
      const [right, down] = stage.project(...place);
      const { origin, ray } = stage.ray(right, down);
      const hit = pick(ground, origin, ray);
      const far = (to: readonly number[]) => Math.hypot(...to.map((value, n) => value - origin[n]!));
      return [{ right: right * this.size[0], down: down * this.size[1], hidden: hit !== null && far(hit) < far(place) - 0.03 }];
    });
  }

  /** What the height shows, in words. */
  words(): string {
    const { ground, surface } = this;
    if (!ground || !surface || this.empty) return "";
    const { relief } = ground;
    const scale = `height: ${surface.field_label}, ${relief.scale} scale`;
    const cut = ground.peaks ? "; striped peaks are cut off" : "";
    const [low, high] = fromTo(relief.low, relief.high);
    return `${scale}, ${low} to ${high} over a third of the width${cut}`;
  }

  /** Whether there is anything to see. */
  get empty(): boolean {
    return !this.ground || !this.ground.y.some(Number.isFinite);
  }

  private runs(): { at: Head[]; symbols: Billboard[] } {
    const { stage, state, ground, placing: where } = this;
    stage.setTime(state.time);
    stage.keep(new Set(state.runs.keys()));
    for (const run of this.drawn.keys()) if (!state.runs.has(run)) this.drawn.delete(run);
    const symbols: Billboard[] = [];
    const at: Head[] = [];
    for (const run of state.runs.values()) {
      this.trail(run);
      const { path } = run;
      const row = rowAt(path.step, path.size, state.time);
      const head = row < 0 ? null : placeOf(path, row, where!, ground!.relief);
      const seen = head?.every(Number.isFinite) && Math.max(Math.abs(head[0]), Math.abs(head[2])) < 0.62;
      stage.setNeedle(run.run, new Float32Array(0), run.color);
      if (!head || !seen) continue;
      const color = unit(run.color);
      const start = placeOf(path, 0, where!, ground!.relief);
      if (row > 0 && start.every(Number.isFinite)) symbols.push({ place: start, kind: Symbols.start, color, size: 10 });
      symbols.push({ place: head, kind: Symbols.ball, color, size: 16 });
      at.push({ run, row, head });
      const foot = ground!.relief.lift(path.plane_loss[row]!);
      if (!(Math.abs(foot - head[1]) > 0.012)) continue;
      const needle = new Float32Array(2 * STRIDE);
      needle.set([...head, 0, 0, 0, head[0], foot, head[2], 0, 0, 0]);
      stage.setNeedle(run.run, needle, run.color);
      symbols.push({ place: [head[0], foot, head[2]], kind: Symbols.start, color, size: 7 });
    }
    return { at, symbols };
  }

  /** The trail of a run, made anew when the path has grown or the camera is much nearer. */
  private trail(run: Run): void {
    const { state } = this;
    const fine = 2 ** Math.round(Math.log2(state.camera.distance));
    const known = this.drawn.get(run.run);
    if (known && known.path === run.path && known.fine === fine) return;
    const most = Math.max(300, MOST / Math.max(1, state.runs.size));
    const trail = trailOf(run.path, this.placing!, this.ground!.relief, 0.0014 * fine, most);
    this.drawn.set(run.run, { path: run.path, trail, fine });
    this.stage.setTrail(run.run, trail, run.color);
  }

  private marks(): Billboard[] {
    const { surface, theme, state } = this;
    return [...surface!.marks, ...(state.critical?.points ?? [])].flatMap(({ a, b, kind }): Billboard[] => {
      const place = this.onGround(a, b);
      return place ? [{ place, kind: Symbols[kind], color: unit(theme!.paper), size: kind === "point" ? 13 : 14 }] : [];
    });
  }

  private onRun({ run, step }: Pointer): [number, number, number] | null {
    const path = run === null || step === null ? null : this.state.runs.get(run)?.path;
    const row = path ? rowAt(path.step, path.size, step) : -1;
    const place = path && row >= 0 ? placeOf(path, row, this.placing!, this.ground!.relief) : null;
    return place?.every(Number.isFinite) ? place : null;
  }

  private onGround(a: number, b: number): [number, number, number] | null {
    const [x, z] = [this.placing!.x(a), this.placing!.z(b)];
    const y = heightAt(this.ground!, x, z);
    return Number.isFinite(y) ? [x, y, z] : null;
  }

  private headLabels(heads: readonly Head[], project: Project): Label[] {
    return heads.flatMap(({ run, row, head }): Label[] => {
      const far = (run.path.band[row] ?? 0) >= 3;
      if (heads.length > SHOWN && !far) return [];
      const distance = run.path.distance[row]!;
      const off = Number.isFinite(distance) && distance > ROUNDING ? ` · ${short(distance, 2)} out of the plane` : "";
      const [right, down] = project(head);
      const color = readable(run.color, this.theme!);
      const [east, west] = [right + 13, right - 13];
      const places: Pick<Label, "right" | "down" | "align">[] = [
        { right: east, down: down - 10, align: "left" },
        { right: east, down: down + 12, align: "left" },
        { right, down: down - 22, align: "middle" },
        { right, down: down + 24, align: "middle" },
        { right: west, down: down - 10, align: "right" },
        { right: west, down: down + 12, align: "right" },
      ];
      const name = run.name.slice(0, 40);
      const brief = places.map((place) => ({ ...place, text: name })); // the line of the run says how far, too
      return [{ ...places[0]!, text: name + off, look: "head", color, or: [...places.slice(1), ...(off ? brief : [])] }];
    });
  }

  private markLabels(project: Project): Label[] {
    return [...this.surface!.marks, ...(this.state.critical?.points ?? [])].flatMap(({ a, b, text }): Label[] => {
      const place = this.onGround(a, b);
      if (!place || !text) return [];
      const [right, down] = project(place);
      const color = this.theme!.ink;
      return [{ right, down: down - 16, text: text.slice(0, 60), look: "mark", align: "middle", color }];
    });
  }
}

interface Head {
  run: Run;
  row: number;
  head: [number, number, number];
}

type Project = (place: readonly [number, number, number]) => [number, number];
