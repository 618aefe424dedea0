/** Stage: renderer, camera and all that stands on the ground; drawn when asked, never by itself. */

import { PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { Block } from "./block";
import { rgbOf } from "./colors";
import { lensOf } from "./lens";
import { Lines } from "./lines";
import { stand } from "./orbit";
import { type Billboard, Billboards } from "./billboards";
import type { Camera } from "./state";

export interface Quality {
  ratio: number; // pixels a CSS pixel
  step: number; // of rows and columns that are drawn
  plain: boolean; // lines without halo and without what hides behind the ground
}

export const unit = (color: string): number[] => rgbOf(color).map((part) => part / 255);

export class Stage {
  readonly renderer: WebGLRenderer;
  readonly block: Block;
  /** Whether the processor draws, which then has less time for all else. */
  readonly software: boolean;
  private readonly shared = {
    viewport: { value: [1, 1] }, time: { value: Infinity }, ratio: { value: 1 },
    paper: { value: [1, 1, 1] }, ink: { value: [0, 0, 0] },
  };
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(36, 1, 0.02, 20);
  private readonly trails = new Map<number, Lines>();
  private readonly needles = new Map<number, Lines>();
  private readonly ruler: Lines;
  private readonly symbols: Billboards;
  private readonly scratch = new Vector3();

  /** Throws where the browser has no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    const look = { antialias: true, alpha: true, stencil: false };
    const quick = canvas.getContext("webgl2", { ...look, failIfMajorPerformanceCaveat: true });
    const context = quick ?? canvas.getContext("webgl2", { ...look, antialias: false });
    this.software = !quick;
    if (!context) throw new Error("no WebGL"); // before three.js complains to the console
    this.renderer = new WebGLRenderer({ canvas, context });
    this.renderer.setClearColor(0, 0);
    this.block = new Block(this.shared);
    this.ruler = new Lines(this.shared, { width: 1, alpha: 0.9 }, false);
    this.symbols = new Billboards(this.shared);
    this.scene.add(this.block.group, this.ruler.group, this.symbols.group);
  }

  setTheme(paper: string, ink: string): void {
    this.shared.paper.value = unit(paper);
    this.shared.ink.value = unit(ink);
  }

  setTime(time: number | null): void {
    this.shared.time.value = time ?? 1e30; // a float32 infinity minus a number would be no number
  }

  setTrail(run: number, vertices: Float32Array, color: string): void {
    this.lines(this.trails, run, true).set(vertices, unit(color));
  }

  /** The line from a head to the ground under it. */
  setNeedle(run: number, vertices: Float32Array, color: string): void {
    this.lines(this.needles, run, false).set(vertices, unit(color));
  }

  setRuler(vertices: Float32Array, color: string): void {
    this.ruler.set(vertices, unit(color));
  }

  setSymbols(symbols: readonly Billboard[]): void {
    this.symbols.set(symbols);
  }

  /** Keep the trails of these runs alone. */
  keep(runs: ReadonlySet<number>): void {
    for (const lines of [this.trails, this.needles]) {
      for (const [run, old] of lines) {
        if (runs.has(run)) continue;
        this.scene.remove(old.group);
        old.dispose();
        lines.delete(run);
      }
    }
  }

  /** Look from a camera at a block of this half width and depth; the upper `top` pixels are for words. */
  aim(camera: Camera, width: number, height: number, top: number, half: readonly [number, number]): void {
    const { eye, target } = stand(camera);
    const { fov, shift } = lensOf(width, height, top, half);
    this.camera.fov = fov;
    this.camera.setViewOffset(width, height, 0, -shift, width, height);
    this.camera.position.set(...eye);
    this.camera.lookAt(...target);
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
  }

  draw(width: number, height: number, { ratio, step, plain }: Quality): void {
    if (this.renderer.getPixelRatio() !== ratio) this.renderer.setPixelRatio(ratio);
    const old = this.renderer.domElement;
    if (old.width !== Math.floor(width * ratio) || old.height !== Math.floor(height * ratio)) {
      this.renderer.setSize(width, height, false);
    }
    this.shared.viewport.value = [width * ratio, height * ratio];
    this.shared.ratio.value = ratio;
    for (const lines of [...this.trails.values(), ...this.needles.values(), this.ruler, this.block.rim]) lines.scale(ratio, plain);
    this.block.coarsen(step);
    this.renderer.render(this.scene, this.camera);
  }

  /** The place of the screen, in shares of its width and height, of a place of the world. */
  project(x: number, y: number, z: number): [number, number] {
    const { x: right, y: up } = this.scratch.set(x, y, z).project(this.camera);
    return [(right + 1) / 2, (1 - up) / 2];
  }

  /** The ray through a place of the screen, in shares of its width and height. */
  ray(right: number, down: number): { origin: [number, number, number]; ray: [number, number, number] } {
    const origin = this.camera.position;
    const ray = this.scratch.set(right * 2 - 1, 1 - down * 2, 0.5).unproject(this.camera).sub(origin).normalize();
    return { origin: [origin.x, origin.y, origin.z], ray: [ray.x, ray.y, ray.z] };
  }

  dispose(): void {
    this.keep(new Set());
    this.block.dispose();
    this.ruler.dispose();
    this.symbols.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  private lines(all: Map<number, Lines>, run: number, joined: boolean): Lines {
    const known = all.get(run);
    if (known) return known;
    const look = joined ? { width: 2.4, halo: 0.8, ghost: 0.3 } : { width: 1.6, ghost: 0.5 };
    const made = new Lines(this.shared, look, joined);
    all.set(run, made);
    this.scene.add(made.group);
    return made;
  }
}
