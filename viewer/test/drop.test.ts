import { describe, expect, test } from "vitest";
import { dropAt, dropMessage, toolOf } from "../src/drop";
import type { Message } from "../src/protocol";
import { begin, Store } from "../src/state";

const live = { ...begin(), hello: { live: true } as never };

describe("drop", () => {
  test("one message, as the visitor chose", () => {
    const optimizers = [{ name: "SGD", lr: 0.1 }, { name: "Adam", lr: 0.02 }];
    expect(dropMessage({ ...live, optimizers, steps: 500, batch: 32 }, 0.5, -1)).toEqual({
      message: { kind: "drop", drop: { a: 0.5, b: -1, optimizers, steps: 500, batch: 32, seed: 0 } },
    });
  });
  test("a saved file says what would do it", () => {
    const { message, fault } = dropMessage({ ...live, hello: { live: false } as never }, 0, 0);
    expect(message).toBeUndefined();
    expect(fault?.mend).toBe("open it with thalweg explore");
  });
  test("without an optimizer there is nothing to drop", () => {
    const { message, fault } = dropMessage({ ...live, optimizers: [] }, 0, 0);
    expect(message).toBeUndefined();
    expect(fault?.wanted).toBe("at least 1 optimizer");
  });
  test("the ball is seen to roll: the time goes to the end", () => {
    const store = new Store({ ...live, time: 3 });
    const sent: Message[] = [];
    dropAt({ store, send: (message) => sent.push(message), root: null as never }, 0, 0);
    expect(sent).toHaveLength(1);
    expect(store.state.time).toBeNull();
    const file = new Store({ ...begin(), time: 3 });
    dropAt({ store: file, send: (message) => sent.push(message), root: null as never }, 0, 0);
    expect(sent).toHaveLength(1);
    expect([file.state.time, file.state.fault?.got]).toEqual([3, "a saved file"]);
  });
});

test("a click drops only where the loss is known", () => {
  const hello = { live: true } as never;
  const state = (known?: boolean) => ({ hello, scene: { known } as never, tool: "drop" as const });
  expect([toolOf(state(true)), toolOf(state()), toolOf(state(false))]).toEqual(["drop", "drop", "look"]);
  expect(toolOf({ ...state(true), hello: { live: false } as never })).toBe("look");
  expect(toolOf({ ...state(true), tool: "look" })).toBe("look");
});
