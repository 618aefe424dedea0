/** Billboards: balls, starts, critical points and the pointer, as points of a size in pixels. */

import {
  BufferAttribute, BufferGeometry, GLSL3, GreaterDepth, Group, type IUniform, LessEqualDepth, Points, RawShaderMaterial,
} from "three";
import type { Uniforms } from "./lines";
import { SYMBOL, type Symbols } from "./shaders";

export interface Billboard {
  place: readonly [number, number, number];
  kind: (typeof Symbols)[keyof typeof Symbols];
  color: readonly number[]; // 0 to 1
  size: number; // CSS pixels
}

export class Billboards {
  readonly group = new Group();
  private geometry = new BufferGeometry();
  private readonly points: Points[] = [];
  private readonly materials: RawShaderMaterial[];

  constructor(shared: Uniforms & { ratio: IUniform }) {
    const material = (alpha: number, hidden: boolean) =>
      new RawShaderMaterial({
        ...SYMBOL,
        glslVersion: GLSL3,
        uniforms: { ...shared, alpha: { value: alpha }, lift: { value: 0.006 } },
        transparent: true,
        depthWrite: false,
        depthFunc: hidden ? GreaterDepth : LessEqualDepth,
      });
    this.materials = [material(0.35, true), material(1, false)];
    this.materials.forEach((each, n) => {
      const points = new Points(this.geometry, each);
      points.frustumCulled = false;
      points.renderOrder = 6 + n;
      this.points.push(points);
      this.group.add(points);
    });
  }

  set(all: readonly Billboard[]): void {
    this.geometry.dispose();
    this.geometry = new BufferGeometry();
    const flat = (size: number, of: (each: Billboard) => readonly number[]) =>
      new BufferAttribute(Float32Array.from(all.flatMap((each) => [...of(each)])), size);
    this.geometry.setAttribute("position", flat(3, ({ place }) => place));
    this.geometry.setAttribute("tint", flat(3, ({ color }) => color));
    this.geometry.setAttribute("look", flat(2, ({ kind, size }) => [kind, size]));
    for (const points of this.points) points.geometry = this.geometry;
    this.group.visible = all.length > 0;
  }

  dispose(): void {
    this.geometry.dispose();
    for (const material of this.materials) material.dispose();
  }
}
