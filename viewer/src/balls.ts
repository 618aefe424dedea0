/** Balls: the optimizers that a drop starts side by side, and for how long. */

import { h } from "./dom";
import { canDrop } from "./drop";
import { choice, numberInput, typed } from "./fields";
import type { MakePart } from "./part";
import type { OptimizerSpec } from "./protocol";

const CHAPTER = ["SGD", "momentum", "Adam"];
const BATCHES = ["0", "8", "16", "32", "64", "128"];

export const balls: MakePart = ({ store }) => {
  const el = h("section", { class: "balls", "aria-label": "Balls" });
  let built: unknown = null;
  let show = () => {};

  const build = () => {
    const { hello } = store.state;
    const known = hello?.choices?.optimizers ?? [];
    const rates = new Map(known.map(({ name, lr }) => [name, lr]));
    const chosen = () => store.state.optimizers;
    const choose = (names: Set<string>) =>
      store.set({
        optimizers: known.filter(({ name }) => names.has(name)).map(({ name }) => ({ name, lr: rates.get(name) as number })),
      });
    const names = () => new Set(chosen().map(({ name }) => name));

    const lines = known.map(({ name, color }) => {
      const box = h("input", {
        type: "checkbox",
        onchange: () => {
          const now = names();
          if (box.checked) now.add(name);
          else now.delete(name);
          choose(now);
        },
      });
      box.style.accentColor = color;
      const dot = h("i", { class: "dot", "aria-hidden": "true" });
      dot.style.background = color;
      const rate = numberInput(
        { min: 1e-9, max: 1e6, step: "any" },
        (lr) => {
          rates.set(name, lr);
          choose(names());
        },
        `Learning rate of ${name}`,
      );
      const line = h("div", { class: "ball" }, h("label", {}, box, dot, name), rate.el);
      const draw = (now: OptimizerSpec | undefined) => {
        if (now) rates.set(name, now.lr);
        box.checked = now !== undefined;
        rate.show(rates.get(name) as number);
        line.classList.toggle("off", now === undefined);
      };
      return { name, line, draw };
    });

    const most = hello?.choices?.limits.steps ?? 10_000;
    const steps = typed("Steps", { min: 1, max: most, step: 1 }, (value) => store.set({ steps: value }));
    const batch = choice("Batch", [], (value) => store.set({ batch: Number(value) }));
    const chapter = () => {
      for (const { name, lr } of known) rates.set(name, lr);
      choose(new Set(CHAPTER));
    };
    const form = h(
      "fieldset",
      {},
      h("legend", { class: "ball" }, h("span", {}, "A ball is dropped with"), h("span", { "aria-hidden": "true" }, "learning rate")),
      ...lines.map(({ line }) => line),
      h("button", { type: "button", class: "preset", onclick: chapter }, "The chapter’s three"),
      steps.el,
      batch.el,
    );
    el.replaceChildren(form);

    show = () => {
      const { optimizers, steps: count, batch: size } = store.state;
      for (const { name, draw } of lines) draw(optimizers.find((one) => one.name === name));
      steps.show(count);
      const sizes = BATCHES.includes(String(size)) ? BATCHES : [...BATCHES, String(size)];
      batch.options(sizes.map((value) => [value, value === "0" ? "all examples" : `${value} examples`]));
      batch.show(String(size));
    };
  };

  const draw = () => {
    const { hello } = store.state;
    const now = JSON.stringify([hello?.choices, hello?.live]);
    if (now !== built) build();
    built = now;
    el.hidden = !canDrop(store.state);
    show();
  };
  const stop = store.on(["hello", "scene", "optimizers", "steps", "batch"], draw);
  draw();
  return { el, dispose: stop };
};
