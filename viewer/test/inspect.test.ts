import { expect, test } from "vitest";
import { follow, lookAt, onRun, sayable, unpointed } from "../src/inspect";
import type { Heads, Message } from "../src/protocol";
import { emptyPath } from "../src/reduce";
import { begin, type Run, Store } from "../src/state";

function run(number: number): Run {
  const path = emptyPath(4);
  path.step.set([0, 10, 20]);
  path.a.set([1, 2, 3]);
  path.b.set([4, 5, 6]);
  path.size = 3;
  return { run: number, name: "", color: "", status: "running", words: "", length: 30, captured: null, path };
}
const scene = {} as Heads["scene"];

test("a place of a run is that of the last step that was recorded until then", () => {
  expect(onRun(run(3), 15)).toEqual({ a: 2, b: 5, run: 3, step: 10 });
  expect(onRun(run(3), null)).toEqual({ a: 3, b: 6, run: 3, step: 20 });
  expect(onRun({ run: 0, path: emptyPath(1) }, null)).toBeNull();
});

test("without a pointer one looks at the newest run as of the time, or at the middle", () => {
  const runs = new Map([[0, run(0)], [7, run(7)]]);
  expect(unpointed({ scene, runs, time: 9 })).toEqual({ a: 1, b: 4, run: 7, step: 0 });
  expect(unpointed({ scene, runs: new Map(), time: null })).toEqual({ a: 0, b: 0, run: null, step: null });
  expect(unpointed({ scene: null, runs: new Map(), time: null })).toBeNull();
});

test("only finite places within the host's bounds are asked for", () => {
  const at = (a: number, b: number) => sayable({ a, b, run: null, step: null });
  expect([at(1, -2), at(NaN, 0), at(0, Infinity), at(2e6, 0)]).toEqual([true, false, false, false]);
});

test("a place that was only passed is not asked for after another one was pinned", async () => {
  const store = new Store({ ...begin(), hello: { live: true } as Heads["hello"], scene });
  const sent: Message[] = [];
  const context = { store, send: (message: Message) => void sent.push(message), root: new EventTarget() as HTMLElement };
  const plans: (() => void)[] = [];
  const stop = follow(context, { now: () => 0, after: (_, work) => (plans.push(work), () => undefined) });
  store.set({ pointer: { a: 1, b: 1, run: null, step: null } });
  await new Promise((done) => setTimeout(done, 5));
  lookAt(context, { a: 2, b: 2, run: null, step: null });
  for (const work of plans) work();
  stop();
  const asked = sent.map((message) => [message.kind, "a" in message ? message.a : null]);
  expect(asked).toEqual([["boundary", 0], ["boundary", 2], ["inspect", 2]]);
});
