/** Lines: segments of a width in pixels, many in one call; what hides behind the ground shines through. */

import {
  BufferAttribute, BufferGeometry, DoubleSide, DynamicDrawUsage, GLSL3, GreaterDepth, Group, InterleavedBuffer,
  InterleavedBufferAttribute, type IUniform, LessEqualDepth, Mesh, RawShaderMaterial,
  Sphere,
} from "three";
import { LINE } from "./shaders";
import { STRIDE } from "./trails";

export type Uniforms = Record<string, IUniform>;

export interface LineLook {
  width: number; // CSS pixels
  halo?: number; // CSS pixels of paper on both sides
  alpha?: number;
  ghost?: number; // alpha of what is hidden
  lift?: number; // toward the eye, so that the ground does not swallow it
}

const CORNERS = [0, -1, 1, -1, 1, 1, 0, 1]; // of a segment's quad: along it, across it
const TRIANGLES = [0, 1, 2, 0, 2, 3];

export class Lines {
  readonly group = new Group();
  private readonly geometry = new BufferGeometry();
  private readonly materials: RawShaderMaterial[] = [];
  private readonly color: IUniform = { value: [0, 0, 0] };
  private readonly width: IUniform;
  private readonly halo: IUniform;
  private buffer: InterleavedBuffer | null = null;

  /** `joined`: each vertex is followed by the next; else vertices come in pairs. */
  constructor(
    shared: Uniforms,
    private readonly look: LineLook,
    private readonly joined: boolean,
  ) {
    const { width, halo = 0, alpha = 1, ghost = 0, lift = 0.0015 } = look;
    this.width = { value: width };
    this.halo = { value: width + 2 * halo };
    const pass = (color: IUniform, width: IUniform, alpha: number, hidden: boolean) =>
      new RawShaderMaterial({
        ...LINE,
        glslVersion: GLSL3,
        uniforms: { ...shared, color, width, alpha: { value: alpha }, lift: { value: lift } },
        transparent: true,
        depthWrite: false,
        depthFunc: hidden ? GreaterDepth : LessEqualDepth,
        side: DoubleSide,
      });
    if (ghost) this.materials.push(pass(this.color, this.width, ghost, true));
    if (halo) this.materials.push(pass(shared.paper!, this.halo, 1, false));
    this.materials.push(pass(this.color, this.width, alpha, false));
    this.geometry.boundingSphere = new Sphere(); // drawn in the order given: three.js need not find where it is
    this.materials.forEach((each, n) => {
      const mesh = new Mesh(this.geometry, each);
      mesh.frustumCulled = false;
      mesh.renderOrder = 3 + n;
      this.group.add(mesh);
    });
  }

  /** Vertices of STRIDE numbers each. */
  set(vertices: Float32Array, color: readonly number[]): void {
    const step = this.joined ? STRIDE : 2 * STRIDE;
    const count = Math.max(0, vertices.length / step - (this.joined ? 1 : 0));
    this.color.value = color;
    if (!this.buffer || this.buffer.count < 4 * count) this.grow(count);
    const buffer = this.buffer!;
    for (let n = 0, to = 0; n < count; n++) {
      const segment = vertices.subarray(n * step, n * step + 2 * STRIDE);
      for (let corner = 0; corner < 4; corner++, to += 2 * STRIDE) buffer.array.set(segment, to);
    }
    buffer.needsUpdate = true;
    this.geometry.setDrawRange(0, TRIANGLES.length * count);
    this.group.visible = count > 0;
  }

  /** Widths are in pixels of the drawing, of which a CSS pixel has `ratio`; plain: neither halo nor ghost. */
  scale(ratio: number, plain: boolean): void {
    this.group.children.forEach((pass, n, all) => (pass.visible = !plain || n === all.length - 1));
    this.width.value = Math.max(1, this.look.width * ratio);
    this.halo.value = this.width.value + 2 * (this.look.halo ?? 0) * ratio;
  }

  dispose(): void {
    this.geometry.dispose();
    for (const material of this.materials) material.dispose();
  }

  /** Room for segments: four corners each, and each corner knows both ends. Software draws instances one by one. */
  private grow(segments: number): void {
    this.geometry.dispose();
    const room = Math.max(64, 2 ** Math.ceil(Math.log2(segments + 1)));
    const corners = new Float32Array(room * CORNERS.length);
    const triangles = new Uint32Array(room * TRIANGLES.length);
    for (let n = 0; n < room; n++) {
      corners.set(CORNERS, n * CORNERS.length);
      triangles.set(TRIANGLES.map((corner) => 4 * n + corner), n * TRIANGLES.length);
    }
    this.geometry.setAttribute("position", new BufferAttribute(corners, 2));
    this.geometry.setIndex(new BufferAttribute(triangles, 1));
    this.buffer = new InterleavedBuffer(new Float32Array(room * 4 * 2 * STRIDE), 2 * STRIDE);
    this.buffer.setUsage(DynamicDrawUsage);
    for (const [name, size, offset] of [["start", 4, 0], ["startInfo", 2, 4], ["end", 4, 6], ["endInfo", 2, 10]] as const) {
      this.geometry.setAttribute(name, new InterleavedBufferAttribute(this.buffer, size, offset));
    }
  }
}
