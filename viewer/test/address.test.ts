import { describe, expect, it } from "vitest";
import { type Address, CHAPTER, readAddress, untouched, writeAddress } from "../src/address";
import { Malformed, number, write } from "../src/literal";
import type { Action, PlaneSpec } from "../src/protocol";

const plane = (patch: Partial<PlaneSpec>): Action => ({
  plane: { recipe: "filter", seed: 0, run: null, step: null, runs: [], steps: [], ...patch },
});
const address = (patch: Partial<Address>): Address => ({ ...untouched(), ...patch });

describe("the text of an address", () => {
  it("is empty where nothing was changed", () => {
    expect(writeAddress(untouched())).toBe("");
    expect(writeAddress(address({ bench: CHAPTER }))).toBe("");
  });

  const texts: [string, Partial<Address>][] = [
    ["data=moons&width=32", { bench: { ...CHAPTER, data: "moons", width: 32 } }],
    [
      "points=5&noise=0&dataseed=7&depth=4&act=gelu&scale=1.5&seed=1&l2=0.001".replace("act=", "activation="),
      { bench: { ...CHAPTER, points: 5, noise: 0, data_seed: 7, depth: 4, activation: "gelu", scale: 1.5, seed: 1, l2: 0.001 } },
    ],
    [
      "log=filter,0;drop,0.31,-0.2,Adam:0.02+SGD:0.1,300;remove,1;eigen,3,at:0.-1",
      {
        log: [
          plane({}),
          {
            drop: {
              a: 0.31, b: -0.2, steps: 300, batch: 0, seed: 0,
              optimizers: [{ name: "Adam", lr: 0.02 }, { name: "SGD", lr: 0.1 }],
            },
          },
          { remove: 1 },
          plane({ recipe: "eigen", seed: 3, run: 0, step: -1 }),
        ],
      },
    ],
    ["log=points,0,runs:0.1.2", { log: [plane({ recipe: "points", runs: [0, 1, 2] })] }],
    [
      "log=principal,0,runs:0.2,steps:300.-1",
      { log: [plane({ recipe: "principal", runs: [0, 2], steps: [300, -1] })] },
    ],
    [
      "log=drop,-0,1e-7,SGD:1e-9,1,32,5",
      { log: [{ drop: { a: -0, b: 1e-7, optimizers: [{ name: "SGD", lr: 1e-9 }], steps: 1, batch: 32, seed: 5 } }] },
    ],
    [
      "log=drop,0,0,SGD:1,9,0,5",
      { log: [{ drop: { a: 0, b: 0, optimizers: [{ name: "SGD", lr: 1 }], steps: 9, batch: 0, seed: 5 } }] },
    ],
    ["window=-1,1.5,-0.25,1e-3".replace("1e-3", "0.001"), { window: { a0: -1, a1: 1.5, b0: -0.25, b1: 0.001 } }],
    ["grid=201", { points: 201 }],
    ["balls=", { optimizers: [] }],
    ["balls=SGD:0.1+momentum:0.05", { optimizers: [{ name: "SGD", lr: 0.1 }, { name: "momentum", lr: 0.05 }] }],
    ["steps=900&batch=16&speed=0", { steps: 900, batch: 16, speed: 0 }],
    ["height=log&theme=dark&tool=look", { height: "log", theme: "dark", tool: "look" }],
    ["time=0", { time: 0 }],
    ["camera=0.1,0.5,2", { camera: { azimuth: 0.1, elevation: 0.5, distance: 2 } }],
    ["camera=0.1,0.5,2,0.25,-1", { camera: { azimuth: 0.1, elevation: 0.5, distance: 2, east: 0.25, north: -1 } }],
    ["tour=hidden-saddle", { tour: { tour: "hidden-saddle", step: 0 } }],
    ["tour=valley.3", { tour: { tour: "valley", step: 3 } }],
    ["tour=a.b.0", { tour: { tour: "a.b", step: 0 } }],
    ["stored=runs/a%20b%26c%3D%C3%A9%23+.zarr", { stored: "runs/a b&c=é#+.zarr" }],
  ];
  it.each(texts)("%s", (text, patch) => {
    expect(writeAddress(address(patch))).toBe(text);
    expect(readAddress(`#${text}`)).toEqual(address(patch));
    expect(readAddress(text)).toEqual(address(patch));
  });

  it("does not end in a sign that programs cut off a link", () => {
    for (const [text] of texts) expect(text).not.toMatch(/[).,;:!?]$/);
  });
});

describe("any state comes back exactly", () => {
  it("for 500 drawn at random", () => {
    const draw = generator(1);
    for (let i = 0; i < 500; i++) {
      const drawn = anyAddress(draw);
      expect(readAddress(`#${writeAddress(drawn)}`)).toEqual(drawn);
    }
  });

  it("for every kind of number", () => {
    for (const value of [0.1 + 0.2, 1 / 3, 5e-324, 1e-7, 123456.789, -999999.9999999999, 1e21, 1.7976931348623157e308, -0]) {
      expect(Object.is(number(write(value)), value)).toBe(true);
    }
  });
});

describe("a malformed address", () => {
  it.each([
    ["width=a", "a number", "a"],
    ["width=", "a number", "nothing"],
    ["width=0x10", "a number", "0x10"],
    ["width=1e999", "a number", "1e999"],
    ["noise=NaN", "a number", "NaN"],
    ["noise=Infinity", "a number", "Infinity"],
    ["noise=%", "text in percent-encoding", "noise=%"],
    ["nonsense", "key=value", "nonsense"],
    ["whatever=1", "words that this version knows", "whatever"],
    ["=1", "words that this version knows", "nothing before ="],
    ["__proto__=1", "words that this version knows", "__proto__"],
    ["constructor=1", "words that this version knows", "constructor"],
    ["width=1&width=2", "each word once", "width twice"],
    ["window=0,1,0", "4 numbers", "0,1,0"],
    ["window=1,0,0,1", "a window from low to high", "1,0,0,1"],
    ["grid=4", "a whole number from 5 on", "4"],
    ["grid=81.5", "a whole number from 5 on", "81.5"],
    ["time=-1", "a whole number from 0 on", "-1"],
    ["speed=-1", "a number from 0 on", "-1"],
    ["theme=<b>", "light, dark, auto", "<b>"],
    ["camera=1,2", "3 numbers", "1,2"],
    ["camera=1,2,3,4", "5 numbers", "1,2,3,4"],
    ["tour=", "tour=name.step", "nothing"],
    ["tour=.1", "tour=name.step", ".1"],
    ["tour=a.x", "a number", "x"],
    ["log=", "drop, remove or a plane (random, filter, principal, eigen, points, stored)", "nothing"],
    ["log=jump,1", "drop, remove or a plane (random, filter, principal, eigen, points, stored)", "jump,1"],
    ["log=remove", "drop, remove or a plane (random, filter, principal, eigen, points, stored)", "remove"],
    ["log=filter,-1", "a whole number from 0 on", "-1"],
    ["log=filter,0,up:1", "a plane, as in filter,0", "filter,0,up:1"],
    ["log=drop,1,2", "a drop, as in drop,0.3,-0.2,Adam:0.02,300", "drop,1,2"],
    ["log=drop,1,2,Adam,300", "an optimizer and its learning rate, as in Adam:0.02", "Adam"],
    ["log=drop,1,2,:1,300", "an optimizer and its learning rate, as in Adam:0.02", ":1"],
    ["log=drop,1,2,<i>:1,300", "an optimizer and its learning rate, as in Adam:0.02", "<i>:1"],
    ["log=drop,1,2,Adam:1,0", "a whole number from 1 on", "0"],
    ["steps=1e15", "a whole number from 1 to 10000", "1e15"],
    ["batch=1e6", "a whole number from 0 to 100000", "1e6"],
    ["balls=SGD:0.1+Adam:-1", "learning rates above 0", "Adam:-1"],
    [`balls=${"Adam:1+".repeat(6)}Adam:1`, "at most 6 optimizers", "7"],
    [`log=${"filter,0;".repeat(40)}filter,0`, "at most 40 planes, drops and removals", "41"],
  ])("%s", (text, wanted, got) => {
    let fault: unknown;
    try {
      readAddress(`#${text}`);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(Malformed);
    expect(fault).toMatchObject({ wanted, got });
  });

  it("raises nothing else, whatever the text", () => {
    const draw = generator(2);
    const signs = "abdeglotw=&%;,:+.#0123-<>{}é\u0000";
    const starts = ["", "log=", "window=", "camera=", "tour=", "balls=", "width=", "stored=%"];
    let read = 0;
    for (let i = 0; i < 3000; i++) {
      const start = starts[Math.floor(draw() * starts.length)];
      const text = start + Array.from({ length: draw() * 12 }, () => signs[Math.floor(draw() * signs.length)]).join("");
      try {
        readAddress(text);
        read++;
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }
    expect(read).toBeGreaterThan(0);
  });
});

/** Numbers from 0 to 1, the same ones each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function anyAddress(draw: () => number): Address {
  const real = () => (draw() - 0.5) * 10 ** Math.floor(draw() * 16 - 10);
  const whole = (most: number) => Math.floor(draw() * most);
  const pick = <T>(...of: T[]) => of[whole(of.length)] as T;
  const many = <T>(most: number, make: () => T) => Array.from({ length: whole(most + 1) }, make);
  const maybe = <T>(value: T) => (draw() < 0.5 ? value : null);
  const optimizers = () => many(4, () => ({ name: pick("SGD", "Adam", "RMSprop"), lr: Math.abs(real()) }));
  const action = (): Action => {
    const kind = draw();
    if (kind < 0.2) return { remove: whole(24) };
    if (kind < 0.6) {
      return { drop: { a: real(), b: real(), optimizers: optimizers(), steps: 1 + whole(9999), batch: whole(3), seed: whole(3) } };
    }
    const [run, step] = draw() < 0.5 ? [null, null] : [whole(9), whole(100) - 1];
    const recipe = pick("random", "filter", "principal", "eigen", "points", "stored");
    return plane({ recipe, seed: whole(2 ** 31), run, step, runs: many(4, () => whole(24)), steps: many(4, () => whole(99) - 1) });
  };
  const [a0, b0] = [real(), real()];
  return {
    bench: maybe({ ...CHAPTER, noise: real() + 3e6, data: pick("xor", "blobs"), seed: whole(2 ** 31) }),
    log: many(12, action),
    window: maybe({ a0, a1: a0 + 1 + Math.abs(real()), b0, b1: b0 + 1 + Math.abs(real()) }),
    points: 5 + whole(296),
    optimizers: optimizers(),
    steps: 1 + whole(9999),
    batch: whole(64),
    speed: Math.abs(real()),
    camera: { azimuth: real(), elevation: real(), distance: real(), ...(draw() < 0.5 ? { east: real(), north: real() } : {}) },
    height: pick("linear", "log", "auto"),
    theme: pick("light", "dark", "auto"),
    time: maybe(whole(10_000)),
    tool: pick("look", "drop"),
    stored: maybe(pick("a", "ü/&=#%.zarr", "<script>", "a+b c")),
    tour: maybe({ tour: pick("valley", "a.b", "<b>"), step: whole(9) }),
  };
}
