import { expect, test } from "vitest";
import { emptyPath } from "../src/reduce";
import { begin, type Run, type State } from "../src/state";
import { worth } from "../src/trust";

const surface = { draft: false } as State["surface"];
const scene = { plane: { recipe: "filter" } } as State["scene"];
const hello = { live: true } as State["hello"];
const ready: State = { ...begin(), connection: "open", hello, scene, surface };

function withRun(status: Run["status"], size: number): State {
  const run: Run = { run: 4, name: "", color: "", status, words: "", length: 9, captured: null, path: { ...emptyPath(9), size } };
  return { ...ready, runs: new Map([[4, run]]) };
}

test("a report is worth it for a finished map and runs at rest", () => {
  expect(worth(ready)).toEqual([surface, ""]);
  expect(worth(withRun("done", 7))).toEqual([surface, "4:7"]);
  expect(worth(withRun("running", 7))).toBeNull();
});

test("none is asked for a draft, a file, a stored result or without a connection", () => {
  expect(worth({ ...ready, surface: { draft: true } as State["surface"] })).toBeNull();
  expect(worth({ ...ready, surface: null })).toBeNull();
  expect(worth({ ...ready, hello: { live: false } as State["hello"] })).toBeNull();
  expect(worth({ ...ready, scene: { plane: { recipe: "stored" } } as State["scene"] })).toBeNull();
  expect(worth({ ...ready, connection: "lost" })).toBeNull();
});
