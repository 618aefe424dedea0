import { expect, test } from "vitest";
import { capturedWords, statusWords } from "../src/chips";
import { emptyPath } from "../src/reduce";
import type { Run } from "../src/state";
import { computed, lastStep } from "../src/timeline";

function run(status: Run["status"], ...steps: number[]): Run {
  const path = emptyPath(8);
  path.step.set(steps);
  path.size = steps.length;
  return { run: 0, name: "", color: "", status, words: "", length: 300, captured: null, path };
}

test("what is computed: running wins over paused, the rest is at its end", () => {
  const of = (...all: Run["status"][]) => computed({ runs: new Map(all.map((status, i) => [i, run(status)])) });
  expect([of("done", "paused", "running"), of("paused", "diverged"), of("rested", "stored"), of()]).toEqual([
    "running", "paused", "", "",
  ]);
});

test("the last step is the furthest of all runs", () => {
  expect(lastStep({ runs: new Map([[0, run("done", 0, 10)], [1, run("done", 0, 4)], [2, run("running")]]) })).toBe(10);
  expect(lastStep({ runs: new Map() })).toBe(0);
});

test("a run tells how it fares once", () => {
  expect(statusWords({ status: "running", words: "" })).toBe("running");
  expect(statusWords({ status: "done", words: "" })).toBe("done");
  expect(statusWords({ status: "diverged", words: "diverged at step 40: loss 1e30" })).toBe("diverged at step 40: loss 1e30");
  expect(statusWords({ status: "running", words: "left the window at step 12" })).toBe("running: left the window at step 12");
  expect(statusWords({ status: "done", words: "came to its last step" })).toBe("came to its last step");
});

test("captured variance never claims all of it", () => {
  expect([null, 0.5, 0.996, 0.9999].map(capturedWords)).toEqual(["", "plane captures 50 %", "plane captures 99 %", "plane captures 100 %"]);
});
