/** Frames on the wire: a head in JSON, then arrays that are read where they lie. */

import type { Arrays, Frame, Kind } from "./protocol";

interface Wire {
  kind: Frame["kind"];
  head: Frame["head"];
  arrays: { name: string; type: "f4" | "i4" | "u1"; size: number }[];
}

const VIEWS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array } as const;
const WIDTH = { f4: 4, i4: 4, u1: 1 } as const;

const KINDS: Record<Kind, true> = {
  hello: true, scene: true, data: true, surface: true, run: true, path: true, critical: true, inspect: true, boundary: true,
  basins: true, trust: true, spectrum: true, stability: true, caption: true, file: true, busy: true, fault: true,
};

/** Return the frame in `bytes`: u32 length of the head, head, arrays, each padded to 4 bytes. */
export function decode(bytes: ArrayBuffer): Frame {
  const length = new DataView(bytes).getUint32(0, true);
  const wire = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as Wire;
  if (!Object.hasOwn(KINDS, wire.kind)) throw new TypeError(`a frame of kind ${JSON.stringify(wire.kind)}`);
  if (typeof wire.head !== "object" || wire.head === null) throw new TypeError("a frame without a head");
  const arrays: Arrays = {};
  let at = 4 + length;
  for (const { name, type, size } of wire.arrays) {
    arrays[name] = new VIEWS[type](bytes, at, size);
    at += Math.ceil((size * WIDTH[type]) / 4) * 4;
  }
  return { kind: wire.kind, head: wire.head, arrays };
}
