import { describe, expect, test } from "vitest";
import type { Frame, Heads } from "../src/protocol";
import { receive } from "../src/reduce";
import { begin, Store } from "../src/state";

const frame = (kind: string, head: object): Frame => ({ kind, head, arrays: {} }) as unknown as Frame;
const hello = { title: "", live: true, layout: "explorer" } as unknown as Heads["hello"];

test("a host that begins anew is not waited for, and what the last one found is gone", () => {
  const store = new Store(begin());
  receive(store, frame("hello", hello));
  receive(store, frame("busy", { what: "surface", share: 0.2, done: false }));
  receive(store, frame("trust", { lines: [] }));
  receive(store, frame("stability", { run: 1, words: "stable" }));
  expect([...store.state.busy.keys()]).toEqual(["surface"]);
  receive(store, frame("hello", hello));
  expect(store.state.busy.size).toBe(0);
  expect(store.state.trust).toBeNull();
  expect(store.state.stability.size).toBe(0);
});

test("the host says which stored result is shown", () => {
  const store = new Store(begin());
  const scene = { scene: 1, log: [], runs: [], window: {}, bench: null };
  receive(store, frame("scene", { ...scene, stored: "run.zarr" }));
  expect(store.state.stored).toBe("run.zarr");
  receive(store, frame("scene", { ...scene, scene: 2 }));
  expect(store.state.stored).toBe("run.zarr"); // a host without stored results does not speak of them
  receive(store, frame("scene", { ...scene, scene: 3, stored: null }));
  expect(store.state.stored).toBeNull();
});

test("another search leaves nobody looking at what an earlier one found", () => {
  const store = new Store(begin());
  const [plain, marked] = [{ a: 1, b: 2, run: null, step: null }, { a: 1, b: 2, run: null, step: null, found: 0 }];
  for (const [looked, after] of [[plain, plain], [marked, null]] as const) {
    store.set({ looked, pinned: true });
    receive(store, frame("critical", { scene: 0, points: [], words: "" }));
    expect(store.state.looked).toBe(after);
    expect(store.state.pinned).toBe(after !== null);
  }
});

describe("the form of the bench", () => {
  const bench = (data: string) => ({ data }) as unknown as Heads["scene"]["bench"];
  const scene = (data: string, answered: number) => frame("scene", { scene: 1, log: [], runs: [], window: {}, bench: bench(data), answered });

  test("keeps what was chosen until its own scene comes", () => {
    const store = new Store(begin());
    receive(store, scene("spiral", 0));
    store.set({ bench: bench("xor"), asked: 1 });
    receive(store, scene("spiral", 0)); // of something else, meanwhile
    expect(store.state.bench).toEqual(bench("xor"));
    store.set({ bench: bench("moons"), asked: 2 });
    receive(store, scene("xor", 1));
    expect(store.state.bench).toEqual(bench("moons"));
    receive(store, scene("moons", 2));
    receive(store, scene("blobs", 2)); // a story's
    expect(store.state.bench).toEqual(bench("blobs"));
  });
  test("shows what there is if what was chosen cannot be", () => {
    const store = new Store(begin());
    receive(store, scene("spiral", 0));
    store.set({ bench: bench("moons"), asked: 1 });
    receive(store, frame("fault", { wanted: "", got: "", mend: "", about: "bench" }));
    expect(store.state.bench).toEqual(bench("spiral"));
  });
});

test("what was said of a plane goes with it, what was said of a link does not", () => {
  for (const [about, kept] of [["find", false], ["link", true]] as const) {
    const store = new Store(begin());
    const scene = { scene: 1, log: [], runs: [], window: {}, bench: null };
    receive(store, frame("scene", scene));
    receive(store, frame("fault", { wanted: "", got: "", mend: "", about }));
    receive(store, frame("scene", scene));
    expect(store.state.fault).not.toBeNull(); // the same plane
    receive(store, frame("scene", { ...scene, scene: 2 }));
    expect(store.state.fault !== null).toBe(kept);
  }
});
