/** Block: the ground as a solid model of a landscape, with cut sides and strata. */

import {
  BufferAttribute, BufferGeometry, CanvasTexture, DataTexture, GLSL3, Group, type IUniform, LinearFilter,
  LinearMipmapLinearFilter, Mesh, RawShaderMaterial, type Texture,
} from "three";
import { colorOf, luminance, mixed, rgbOf, type Theme } from "./colors";
import { FLOOR, type Ground, OVERTOP, rims, TALL, triangles } from "./ground";
import { Lines, type Uniforms } from "./lines";
import { GROUND, SHADOW, SIDE } from "./shaders";
import { STRIDE } from "./trails";

const SUN = [-0.55, 0.72, -0.42] as const; // from the upper left of the map, as the map is shaded
const STRATA = 512; // texels of the strip

export class Block {
  readonly group = new Group();
  readonly rim: Lines;
  private readonly surface = new Mesh();
  private readonly sides = new Mesh();
  private readonly shadow = new Mesh();
  private readonly dark: IUniform<number> = { value: 0 };
  private readonly half: IUniform<readonly number[]> = { value: [0.5, 0.5] };
  private readonly map: IUniform<Texture | null> = { value: null };
  private readonly strata: IUniform<Texture | null> = { value: null };
  private ground: Ground | null = null;
  private indices = new Map<number, BufferAttribute>();

  constructor(shared: Uniforms) {
    const range = { value: [FLOOR, OVERTOP] };
    this.surface.material = new RawShaderMaterial({ ...GROUND, glslVersion: GLSL3, uniforms: { ...shared, map: this.map } });
    this.sides.material = new RawShaderMaterial({ ...SIDE, glslVersion: GLSL3, uniforms: { strata: this.strata, range } });
    this.shadow.material = new RawShaderMaterial({
      ...SHADOW, glslVersion: GLSL3, uniforms: { half_: this.half, dark: this.dark }, transparent: true, depthWrite: false,
    });
    this.shadow.geometry = shadowGeometry();
    this.rim = new Lines(shared, { width: 1.2, alpha: 0.6, lift: 0.003 }, false);
    this.surface.renderOrder = 0;
    this.sides.renderOrder = 1;
    this.shadow.renderOrder = 2;
    for (const mesh of [this.surface, this.sides, this.shadow]) mesh.frustumCulled = false;
    this.group.add(this.surface, this.sides, this.shadow, this.rim.group);
  }

  setGround(ground: Ground, ink: readonly number[]): void {
    this.ground = ground;
    this.half.value = [ground.x[ground.na - 1]!, ground.z[0]!];
    this.indices = new Map();
    this.surface.geometry.dispose();
    this.surface.geometry = surfaceOf(ground);
    const edges = rims(ground);
    this.sides.geometry.dispose();
    this.sides.geometry = sidesOf(ground, edges);
    const line = new Float32Array(edges.length * STRIDE);
    edges.forEach((v, n) => line.set([...placeOfVertex(ground, v), 0, 0, 0], n * STRIDE));
    this.rim.set(line, ink);
  }

  /** The painted map, and strata at the levels of its contour lines. */
  setPicture(picture: HTMLCanvasElement, levels: readonly number[], theme: Theme, sharp: number): void {
    this.map.value?.dispose();
    this.strata.value?.dispose();
    const map = new CanvasTexture(picture);
    map.minFilter = LinearMipmapLinearFilter;
    map.magFilter = LinearFilter;
    map.anisotropy = sharp;
    this.map.value = map;
    this.strata.value = strataOf(this.ground!, levels, theme);
    this.dark.value = luminance(rgbOf(theme.paper)) > 0.5 ? 0.16 : 0.5;
  }

  /** Draw every `step`th row and column; 1 is all of them. */
  coarsen(step: number): void {
    if (!this.ground) return;
    const index = this.indices.get(step) ?? new BufferAttribute(triangles(this.ground, step), 1);
    this.indices.set(step, index);
    if (this.surface.geometry.index !== index) this.surface.geometry.setIndex(index);
  }

  dispose(): void {
    this.map.value?.dispose();
    this.strata.value?.dispose();
    this.rim.dispose();
    for (const mesh of [this.surface, this.sides, this.shadow]) {
      mesh.geometry.dispose();
      (mesh.material as RawShaderMaterial).dispose();
    }
  }
}

function placeOfVertex({ na, x, y, z }: Ground, v: number): [number, number, number] {
  return [x[v % na]!, y[v]!, z[Math.floor(v / na)]!];
}

function surfaceOf(ground: Ground): BufferGeometry {
  const { na, nb, x, y, z, cut } = ground;
  const position = new Float32Array(na * nb * 3);
  const uv = new Float32Array(na * nb * 2);
  const shade = new Float32Array(na * nb);
  for (let v = 0; v < na * nb; v++) {
    const [j, i] = [v % na, Math.floor(v / na)];
    const known = Number.isFinite(y[v]!);
    position.set([x[j]!, known ? y[v]! : 0, z[i]!], v * 3);
    uv.set([(x[j]! - x[0]!) / (x[na - 1]! - x[0]! || 1), (z[i]! - z[0]!) / (z[nb - 1]! - z[0]! || 1)], v * 2);
    shade[v] = known ? lightAt(ground, i, j) : 1;
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(position, 3));
  geometry.setAttribute("uv", new BufferAttribute(uv, 2));
  geometry.setAttribute("shade", new BufferAttribute(shade, 1));
  geometry.setAttribute("cut", new BufferAttribute(Float32Array.from(cut), 1));
  return geometry;
}

/** How bright the ground is at a vertex: 1 where it is level. */
function lightAt({ na, nb, x, y, z }: Ground, i: number, j: number): number {
  const slope = (p: number, q: number, from: number, to: number) => {
    const rise = y[q]! - y[p]!;
    return Number.isFinite(rise) && to !== from ? rise / (to - from) : 0;
  };
  const [w, e] = [Math.max(0, j - 1), Math.min(na - 1, j + 1)];
  const [s, n] = [Math.max(0, i - 1), Math.min(nb - 1, i + 1)];
  const east = slope(i * na + w, i * na + e, x[w]!, x[e]!);
  const south = slope(s * na + j, n * na + j, z[s]!, z[n]!);
  const size = Math.hypot(east, 1, south);
  const light = (-east * SUN[0] + SUN[1] - south * SUN[2]) / size - SUN[1];
  return Math.min(1.12, Math.max(0.8, 1 + 0.3 * light));
}

/** A wall under each rim, and the floor that is seen through holes. */
function sidesOf(ground: Ground, edges: Uint32Array): BufferGeometry {
  const count = edges.length / 2;
  const position = new Float32Array((count + 1) * 12);
  const shade = new Float32Array((count + 1) * 4);
  const index = new Uint32Array((count + 1) * 6);
  const quad = (n: number, corners: readonly (readonly [number, number, number])[], light: number) => {
    corners.forEach((corner, k) => position.set(corner, n * 12 + k * 3));
    shade.fill(light, n * 4, n * 4 + 4);
    index.set([0, 1, 2, 2, 1, 3].map((k) => n * 4 + k), n * 6);
  };
  for (let n = 0; n < count; n++) {
    const p = placeOfVertex(ground, edges[2 * n]!);
    const q = placeOfVertex(ground, edges[2 * n + 1]!);
    // Outward is to the right of the edge: (x, z) turns into (-z, x).
    const [dx, dz] = [q[0] - p[0], q[2] - p[2]];
    const size = Math.hypot(dx, dz) || 1;
    const light = 0.92 + 0.08 * ((-dz / size) * -0.9 + (dx / size) * -0.45);
    quad(n, [[p[0], FLOOR, p[2]], [q[0], FLOOR, q[2]], p, q], light);
  }
  const { x, z, na, nb } = ground;
  const [west, east, south, north] = [x[0]!, x[na - 1]!, z[0]!, z[nb - 1]!];
  quad(count, [[west, FLOOR, south], [east, FLOOR, south], [west, FLOOR, north], [east, FLOOR, north]], 0.8);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(position, 3));
  geometry.setAttribute("shade", new BufferAttribute(shade, 1));
  geometry.setIndex(new BufferAttribute(index, 1));
  return geometry;
}

function shadowGeometry(): BufferGeometry {
  const [r, y] = [0.72, FLOOR];
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array([-r, y, r, r, y, r, -r, y, -r, r, y, -r]), 3));
  geometry.setIndex([0, 1, 2, 2, 1, 3]);
  return geometry;
}

/** One texel a height, from the floor up: quiet earth in layers, parted at the levels by lines in the colors of the map. */
function strataOf(ground: Ground, levels: readonly number[], theme: Theme): DataTexture {
  const pixels = new Uint8Array(STRATA * 4);
  const row = (y: number) => Math.round(((y - FLOOR) / (OVERTOP - FLOOR)) * STRATA - 0.5);
  const rows = levels.map((level) => row(ground.relief.lift(level)));
  const earths = [0.06, 0.095].map((share) => mixed(theme.ink, theme.paper, share));
  for (let n = 0; n < STRATA; n++) {
    const layer = rows.filter((each) => each <= n).length;
    pixels.set([...rgbOf(earths[layer % 2]!), 255], n * 4);
  }
  for (const level of rows) {
    const share = (FLOOR + ((level + 0.5) / STRATA) * (OVERTOP - FLOOR)) / TALL;
    const tint = colorOf(share).map((part) => part.toString(16).padStart(2, "0")).join("");
    for (const n of [level, level + 1]) {
      if (n >= 0 && n < STRATA) pixels.set([...rgbOf(mixed(`#${tint}`, theme.paper, 0.62)), 255], n * 4);
    }
  }
  const texture = new DataTexture(pixels, 1, STRATA);
  texture.minFilter = LinearMipmapLinearFilter;
  texture.magFilter = LinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}
