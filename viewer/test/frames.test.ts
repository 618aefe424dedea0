import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode } from "../src/frames";
import { frameOf } from "../src/hosts";
import type { Frame } from "../src/protocol";

/** The frames that tests/viewer/test_wire.py writes, each behind its length. */
function frames(): { bytes: ArrayBuffer; frame: Frame }[] {
  const file = readFileSync(new URL("./frames.bin", import.meta.url));
  const found = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at);
    const bytes = new Uint8Array(file.subarray(at + 4, at + 4 + length)).slice().buffer;
    found.push({ bytes, frame: decode(bytes) });
    at += 4 + length;
  }
  return found;
}

describe("frames that Python wrote", () => {
  const [hello, surface, path] = frames().map(({ frame }) => frame) as [Frame, Frame, Frame];

  it("are three", () => expect([hello, surface, path].map(({ kind }) => kind)).toEqual(["hello", "surface", "path"]));

  it("hold words as they are", () => {
    expect(hello.head).toEqual({
      version: "1.2.3", title: "<b>Täler</b> & Sättel 🏔", live: true, layout: "explorer", choices: null, tours: [], stored: [], left_out: "",
    });
    expect(hello.arrays).toEqual({});
  });

  it("hold every float, finite or not", () => {
    const { values, mask } = surface.arrays;
    expect(values).toBeInstanceOf(Float32Array);
    expect([...(values ?? [])]).toEqual([Math.fround(0.1), NaN, Infinity, -Infinity, Infinity, -0]);
    expect(mask).toEqual(new Uint8Array([0, 1, 2, 3, 4]));
  });

  it("hold arrays of odd and of no length", () => {
    expect(path.head).toEqual({ scene: 7, run: 0, replace: true });
    expect(path.arrays.band).toEqual(new Uint8Array([1, 0, 1]));
    expect(path.arrays.step).toEqual(new Int32Array([0, -1, 2147483647]));
    expect(path.arrays.a).toEqual(new Float32Array());
  });
});

describe("what is no frame becomes a fault in words", () => {
  const whole = frames()[1]?.bytes as ArrayBuffer;
  const json = (value: unknown) => {
    const text = new TextEncoder().encode(JSON.stringify(value).padEnd(400));
    return new Uint8Array([...new Uint8Array(new Uint32Array([text.length]).buffer), ...text]).buffer;
  };

  it("a whole frame is none", () => expect(frameOf(whole).kind).toBe("surface"));

  it.each<[string, unknown]>([
    ["nothing", new ArrayBuffer(0)],
    ["three bytes", new ArrayBuffer(3)],
    ["text", "hello"],
    ["undefined", undefined],
    ["a head that is cut", whole.slice(0, 40)],
    ["an array that is cut", whole.slice(0, whole.byteLength - 8)],
    ["zeros", new ArrayBuffer(64)],
    ["a length beyond the end", new Uint32Array([4e9, 0]).buffer],
    ["a head that is no object", json(5)],
    ["null", json(null)],
    ["an unknown kind", json({ kind: "constructor", head: {}, arrays: [] })],
    ["no head", json({ kind: "scene", arrays: [] })],
    ["no arrays", json({ kind: "scene", head: {} })],
    ["an unknown type", json({ kind: "data", head: {}, arrays: [{ name: "x", type: "f8", size: 1 }] })],
    ["a negative size", json({ kind: "data", head: {}, arrays: [{ name: "x", type: "u1", size: -1 }] })],
  ])("%s", (_, data) => {
    const { kind, head } = frameOf(data);
    expect(kind).toBe("fault");
    expect(head).toMatchObject({ wanted: "a frame from the host", about: "frame" });
    expect((head as { got: string }).got).not.toBe("");
  });
});
