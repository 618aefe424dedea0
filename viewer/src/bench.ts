/** Bench: data and network; with a given objective its name, with stored results which one. */

import { CHAPTER } from "./address";
import { h } from "./dom";
import { choice, type Field, seed, slider, typed } from "./fields";
import type { Context, MakePart } from "./part";
import { planes } from "./planes";
import type { Bench, Choices } from "./protocol";

/** What a page says in the place of what it cannot do. */
const SAVED = "This is a saved page: it shows what was computed, and computes nothing new. thalweg explore does.";

export const bench: MakePart = (context) => {
  const { store } = context;
  const el = h("section", { class: "bench", "aria-label": "Bench" });
  const plane = planes(context);
  let built = "";
  let form: Form | null = null;

  const draw = () => {
    const { hello, scene, connection } = store.state;
    if (!hello) return;
    const network = hello.choices && hello.choices.data.length > 0 && store.state.bench ? hello.choices : null;
    const now = JSON.stringify([hello.choices, hello.live, hello.stored, store.state.stored, network || scene?.objective]);
    if (now !== built) {
      built = now;
      form = network ? networkForm(context, network) : null;
      el.replaceChildren(
        ...(hello.live ? [] : [h("p", { class: "hint" }, SAVED)]),
        ...(hello.stored.length > 0 ? [storedForm(context)] : []),
        ...(form ? form.parts : [objective(context)]),
        plane.el,
      );
    }
    form?.show();
    const deaf = !hello.live || connection === "lost";
    for (const part of el.querySelectorAll("fieldset")) part.disabled = deaf && part.dataset.own !== "page";
    el.dataset.scene = String(scene?.scene ?? "");
  };
  const stop = store.on(["hello", "scene", "bench", "connection", "stored"], draw);
  draw();
  return {
    el,
    dispose() {
      stop();
      plane.dispose?.();
    },
  };
};

interface Form {
  parts: HTMLElement[];
  show(): void;
}

/** Ask for a bench, and number it, so that what was chosen stays in the form until it is shown. */
function askBench({ store, send }: Pick<Context, "store" | "send">, bench: Bench): void {
  const number = store.state.asked + 1;
  store.set({ bench, asked: number, caption: null }); // no story is about that one
  send({ kind: "bench", bench, number });
}

function networkForm({ store, send }: Context, choices: Choices): Form {
  const { limits } = choices;
  const fields: [keyof Bench, Field<never>][] = [];
  const change = (patch: Partial<Bench>) => {
    const { bench } = store.state;
    if (!bench) return;
    const next = { ...bench, ...patch };
    askBench({ store, send }, next);
  };
  const add = <K extends keyof Bench>(name: K, make: (tell: (value: Bench[K]) => void) => Field<Bench[K]>) => {
    const field = make((value) => change({ [name]: value }));
    fields.push([name, field as unknown as Field<never>]);
    return field.el;
  };
  const named = (names: string[]) => names.map((name) => [name, name] as const);
  const count = h("span", { class: "quiet" });
  const data = h(
    "fieldset",
    {},
    h("legend", {}, "Data"),
    add("data", (tell) => choice("Set", named(choices.data), tell)),
    add("points", (tell) => slider("Points a class", { min: 5, max: limits.points, step: 5 }, tell)),
    add("noise", (tell) => slider("Noise", { min: 0, max: 2, step: 0.05 }, tell)),
    add("data_seed", (tell) => seed("Seed", tell)),
  );
  const network = h(
    "fieldset",
    {},
    h("legend", {}, "Network ", count),
    add("depth", (tell) => slider("Hidden layers", { min: 1, max: limits.depth, step: 1 }, tell)),
    add("width", (tell) => slider("Width", { min: 1, max: limits.width, step: 1 }, tell)),
    add("activation", (tell) => choice("Activation", named(choices.activations), tell)),
    add("scale", (tell) => typed("Initial scale", { min: 0, max: 10, step: "any" }, tell)),
    add("seed", (tell) => seed("Initial seed", tell)),
    add("l2", (tell) => typed("L2 penalty", { min: 0, max: 10, step: "any" }, tell)),
  );
  return {
    parts: [data, network],
    show() {
      const { bench, scene } = store.state;
      if (!bench) return;
      for (const [name, field] of fields) field.show(bench[name] as never);
      count.textContent = scene ? `${scene.parameters.toLocaleString("en")} parameters` : "";
    },
  };
}

function objective({ store }: Context): HTMLElement {
  const { scene } = store.state;
  const size = scene?.parameters ? `${scene.parameters.toLocaleString("en")} parameters` : "";
  const words = [scene?.objective, size].filter(Boolean).join(", ");
  return h("p", { class: "objective" }, words);
}

function storedForm({ store, send, root }: Context): HTMLElement {
  const { stored, live, choices, left_out } = store.state.hello as NonNullable<typeof store.state.hello>;
  const benched = (choices?.data.length ?? 0) > 0;
  const own = benched ? "none: the bench’s own network" : "choose one";
  const entries = stored.map(({ name, words }) => [name, words ? `${name}: ${words}` : name] as const);
  const field = choice("Result", [["", own], ...entries], (name) => {
    store.set({ stored: name || null, time: null, fault: null });
    if (name) send({ kind: "choose", stored: name });
    else if (benched) askBench({ store, send }, store.state.bench ?? CHAPTER);
    const kind = stored.find((entry) => entry.name === name)?.kind;
    // A spectrum is no terrain: it stands under what is there.
    if (kind === "spectrum") root.querySelector(".underneath")?.scrollIntoView({ block: "center" });
  });
  field.show(store.state.stored ?? "");
  field.el.classList.add("wide"); // names are long
  return h("fieldset", { disabled: !live }, h("legend", {}, "Stored results"), field.el, h("p", { class: "hint", hidden: !left_out }, left_out ?? ""));
}
