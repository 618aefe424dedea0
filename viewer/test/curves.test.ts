import { expect, test } from "vitest";
import { pictureOf } from "../src/curves";
import { emptyPath } from "../src/reduce";
import { begin, type Run, type State } from "../src/state";

function run(number: number, loss: number[]): Run {
  const path = emptyPath(loss.length);
  loss.forEach((value, i) => {
    path.step[i] = i;
    path.loss[i] = value;
    path.plane_loss[i] = value + 1;
    path.distance[i] = 2 * i;
  });
  path.size = loss.length;
  return { run: number, name: `run ${number}`, color: "#000000", status: "done", words: "", length: 9, captured: null, path };
}

test("each run has its true loss, named, over the dotted loss of the picture", () => {
  const { x, lines, scale } = pictureOf(begin(), "loss", [run(0, [4, 2, 1]), run(1, [8, 4])], null);
  expect(x).toEqual([0, 1, 2]);
  expect(lines.map(({ name, dotted, values }) => [name, dotted, values])).toEqual([
    ["", true, [5, 3, 2]],
    ["run 0", false, [4, 2, 1]],
    ["", true, [9, 5, undefined]],
    ["run 1", false, [8, 4, undefined]],
  ]);
  expect(scale).toBe("linear");
});

test("a loss over more than a decade and a half asks for a logarithmic axis, unless one is chosen", () => {
  const wide = [run(0, [100, 3, 2])];
  expect(pictureOf(begin(), "loss", wide, null).scale).toBe("log");
  expect(pictureOf(begin(), "loss", wide, false).scale).toBe("linear");
  expect(pictureOf(begin(), "loss", [run(0, [3, 2])], true).scale).toBe("log");
});

test("distance has one line a run", () => {
  expect(pictureOf(begin(), "distance", [run(0, [1, 1, 1])], null).lines.map(({ values }) => values)).toEqual([[0, 2, 4]]);
});

test("stability is drawn for the runs where it is known, with the edge at 1", () => {
  const arrays = { step: Int32Array.of(0, 2), ratio: Float32Array.of(0.5, 1.25) };
  const state: State = { ...begin(), stability: new Map([[1, { run: 1, words: "", arrays }]]) };
  const { lines, edge } = pictureOf(state, "stability", [run(0, [1, 1]), run(1, [1, 1, 1])], null);
  expect(lines.map(({ name, values }) => [name, values])).toEqual([["run 1", [0.5, undefined, 1.25]]]);
  expect(edge?.at).toBe(1);
});
