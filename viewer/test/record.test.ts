import { describe, expect, it } from "vitest";
import { fileName } from "../src/exports";
import type { Bench } from "../src/protocol";
import { record, single, strict } from "../src/record";
import { emptyPath } from "../src/reduce";
import { begin, type State } from "../src/state";

const f4 = (...values: number[]) => new Float32Array(values);

function state(): State {
  const path = { ...emptyPath(4), size: 2 };
  path.step.set([0, 1, 99]);
  path.a.set([0.5, 0.25, 9]);
  path.loss.set([1, Number.NaN, 9]);
  const surface = {
    scene: 1, title: "<b>t</b>", levels: [0.5], limits: [0, Number.POSITIVE_INFINITY],
    arrays: { a: f4(0, 1, 2), b: f4(-0.1, 0.1), values: f4(1, 2, NaN, Infinity, -Infinity, 0.1), mask: new Uint8Array([0, 0, 2, 3, 3, 0]) },
  } as unknown as NonNullable<State["surface"]>;
  const run = { run: 3, name: "SGD", color: "#000", status: "done", words: "", length: 1, captured: null, path } as const;
  return { ...begin(), surface, runs: new Map([[3, run]]), trust: { lines: [{ text: "x", warning: true }] } };
}

describe("the record of what is seen", () => {
  const read = JSON.parse(strict(record(state()))) as Record<string, never>;

  it("has the surface row by row, null for what is not finite", () => {
    expect(read.surface).toEqual({
      scene: 1, title: "<b>t</b>", levels: [0.5], limits: [0, null],
      a: [0, 1, 2], b: [-0.1, 0.1], values: [[1, 2, null], [null, null, 0.1]], mask: [[0, 0, 2], [3, 3, 0]],
    });
  });

  it("has every run with the steps that count", () => {
    expect(read.runs).toEqual([
      {
        run: 3, name: "SGD", color: "#000", status: "done", words: "", length: 1, captured: null,
        path: { step: [0, 1], a: [0.5, 0.25], b: [0, 0], loss: [1, null], plane_loss: [0, 0], distance: [0, 0], band: [0, 0] },
      },
    ]);
  });

  it("has title and trust, and null for what there is not", () => {
    expect([read.title, read.trust, read.scene, read.critical, read.version]).toEqual([
      "<b>t</b>", [{ text: "x", warning: true }], null, null, null,
    ]);
  });

  it("is made of an empty state too", () => {
    expect(JSON.parse(strict(record(begin())))).toMatchObject({ surface: null, runs: [], trust: null });
  });
});

describe("a float32 in digits", () => {
  it.each([[0.1], [1 / 3], [-1e-30], [16777217], [3.4028234663852886e38], [1e-45], [0]])("%f reads back", (value) => {
    const float = Math.fround(value);
    expect(Math.fround(single(float) as number)).toBe(float);
  });
  it("is short where it can be", () => {
    expect([single(Math.fround(0.1)), single(Math.fround(2.7)), single(NaN), single(-Infinity)]).toEqual([0.1, 2.7, null, null]);
  });
});

describe("the name of a file", () => {
  const scene = (patch: object) => ({ ...begin(), scene: { plane: { recipe: "filter", seed: 4 }, ...patch } }) as unknown as State;
  it("tells what it is", () => {
    expect(fileName(scene({ bench: { data: "moons" } as Bench }), "png")).toBe("thalweg-moons-filter-4.png");
    expect(fileName(scene({ bench: null, objective: "Rosenbrock, 2-D" }), "json")).toBe("thalweg-rosenbrock-2-d-filter-4.json");
    expect(fileName(begin(), "png")).toBe("thalweg-view.png");
  });
  it("is a plain name whatever the objective is called", () => {
    expect(fileName(scene({ bench: null, objective: "../../etc/<b>" }), "png")).toBe("thalweg-etc-b-filter-4.png");
  });
});
