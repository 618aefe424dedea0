/** Lines: segments of a width in pixels, many in one call; what hides behind the ground shines through. */

import {
  BufferAttribute, BufferGeometry, DoubleSide, DynamicDrawUsage, GLSL3, GreaterDepth, Group, InstancedBufferGeometry,
  InstancedInterleavedBuffer, InterleavedBufferAttribute, type IUniform, LessEqualDepth, Mesh, RawShaderMaterial,
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

const CORNERS = [0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0];

export class Lines {
  readonly group = new Group();
  private readonly geometry = new InstancedBufferGeometry();
  private readonly materials: RawShaderMaterial[] = [];
  private readonly color: IUniform = { value: [0, 0, 0] };
  private readonly width: IUniform;
  private readonly halo: IUniform;
  private buffer: InstancedInterleavedBuffer | null = null;

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
    // Of its own: disposing of one geometry frees its buffers, also where another one draws with them.
    this.geometry.setAttribute("position", new BufferAttribute(new Float32Array(CORNERS), 3));
    this.geometry.setIndex([0, 1, 2, 0, 2, 3]);
    this.materials.forEach((each, n) => {
      const mesh = new Mesh(this.geometry as BufferGeometry, each);
      mesh.frustumCulled = false;
      mesh.renderOrder = 3 + n;
      this.group.add(mesh);
    });
  }

  /** Vertices of STRIDE numbers each. */
  set(vertices: Float32Array, color: readonly number[]): void {
    const step = this.joined ? STRIDE : 2 * STRIDE;
    const count = vertices.length / step;
    this.color.value = color;
    if (!this.buffer || this.buffer.array.length < vertices.length) this.grow(vertices.length, step);
    const buffer = this.buffer!;
    buffer.array.set(vertices);
    buffer.needsUpdate = true;
    this.geometry.instanceCount = Math.max(0, this.joined ? count - 1 : count);
    this.group.visible = this.geometry.instanceCount > 0;
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

  private grow(length: number, step: number): void {
    this.geometry.dispose();
    const room = Math.max(64, 2 ** Math.ceil(Math.log2(length / step + 1))) * step;
    this.buffer = new InstancedInterleavedBuffer(new Float32Array(room), step, 1);
    this.buffer.setUsage(DynamicDrawUsage);
    for (const [name, size, offset] of [["start", 4, 0], ["startInfo", 2, 4], ["end", 4, 6], ["endInfo", 2, 10]] as const) {
      this.geometry.setAttribute(name, new InterleavedBufferAttribute(this.buffer, size, offset));
    }
  }
}
