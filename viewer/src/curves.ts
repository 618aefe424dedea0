/** Curves: loss, distance and stability of every run over its steps. */

import { chart, type Hover, type Line, type Picture } from "./chart";
import { places, thin } from "./decimate";
import { short } from "./digits";
import { h } from "./dom";
import { onRun, sayable } from "./inspect";
import type { MakePart } from "./part";
import { rowAt } from "./row";
import type { Held, Run, State } from "./state";

type View = "loss" | "distance" | "stability";

const VIEWS: [View, string, string][] = [
  ["loss", "Loss", "Solid: the true loss. Dotted: the loss of the picture under it; between them is the gap."],
  ["distance", "Distance", "How far each run is out of the plane that is shown."],
  ["stability", "Stability", "Sharpness over what the optimizer can bear; 1 is the edge of stability."],
];
const HEIGHT = 190;
const BUCKETS = 400; // of two places each: about a pixel

export const curves: MakePart = (context) => {
  const { store, root, send } = context;
  let view: View = "loss";
  let chosen: boolean | null = null; // logarithmic or not; null: as the numbers ask for

  const hover: Hover = (x, away) => {
    const step = Math.round(x);
    let best: { run: Run; away: number } | null = null;
    for (const run of store.state.runs.values()) {
      const value = valueAt(store.state, view, run, step);
      if (value === null) continue;
      const far = away(value);
      if (far < (best?.away ?? Infinity)) best = { run, away: far };
    }
    const place = best && onRun(best.run, step);
    if (place && sayable(place)) store.set({ pointer: place });
  };
  const plot = chart(root, HEIGHT, hover, () => store.set({ pointer: null }));

  const tabs = VIEWS.map(([name, text]) =>
    h("button", { type: "button", "aria-pressed": String(name === view), onclick: () => choose(name) }, text),
  );
  const log = h("input", { type: "checkbox", onchange: () => ((chosen = log.checked), draw()) });
  const logLabel = h("label", { class: "curves-log" }, log, "log");
  const words = h("p", { class: "curves-words" });
  const asks = h("p", { class: "curves-asks", hidden: true });
  const empty = h("p", { class: "curves-empty" }, "Drop a ball: its curves are drawn here.");
  const el = h(
    "section",
    { class: "curves", "aria-label": "Curves" },
    h("div", { class: "curves-head" }, h("div", { class: "segments", role: "group", "aria-label": "Curve" }, ...tabs), logLabel),
    empty,
    plot.el,
    words,
    asks,
  );

  function choose(name: View): void {
    view = name;
    VIEWS.forEach(([each], i) => tabs[i]!.setAttribute("aria-pressed", String(each === name)));
    draw();
  }

  function draw(): void {
    const { state } = store;
    const runs = [...state.runs.values()].filter(({ path }) => path.size > 0);
    const picture = pictureOf(state, view, runs, chosen);
    const none = picture.lines.length === 0;
    empty.hidden = runs.length > 0;
    plot.el.hidden = none;
    logLabel.hidden = none || view === "stability";
    log.checked = picture.scale === "log";
    words.textContent = runs.length ? VIEWS.find(([name]) => name === view)![2] : "";
    words.hidden = runs.length === 0;
    plot.el.setAttribute("role", "img");
    plot.el.setAttribute("aria-label", summary(state, view, runs));
    offer(runs);
    if (none) return;
    plot.show(picture);
    point();
  }

  /** Stability is costly, so it is asked for run by run. */
  function offer(runs: Run[]): void {
    const missing = view === "stability" ? runs.filter(({ run }) => !store.state.stability.has(run)) : [];
    const told = view === "stability" ? runs.flatMap(({ run, name }) => toldOf(store.state, run, name)) : [];
    asks.hidden = missing.length + told.length === 0;
    if (asks.hidden) return;
    const live = store.state.hello?.live === true;
    const key = JSON.stringify([told, live, missing.map(({ run, name }) => [run, name])]);
    if (asks.dataset.key === key) return;
    asks.dataset.key = key;
    asks.replaceChildren(
      ...told.map((text) => h("span", {}, text)),
      ...(live
        ? missing.map(({ run, name }) =>
            h("button", { type: "button", onclick: () => send({ kind: "stability", run }) }, `Compute for ${name}`),
          )
        : []),
    );
  }

  function point(): void {
    const { pointer, runs, time } = store.state;
    const run = pointer?.run == null ? undefined : runs.get(pointer.run);
    const value = run && pointer?.step != null ? valueAt(store.state, view, run, pointer.step) : null;
    plot.mark(run && value !== null ? { x: pointer!.step!, y: value, color: run.color } : null);
    plot.time(time);
  }

  const stops = [
    store.on(["runs", "stability", "hello"], draw),
    store.on(["pointer", "time"], point),
    store.on(["theme"], () => plot.repaint()),
  ];
  const wanted = store.on(["stability"], () => {
    if (view !== "stability" && store.state.stability.size > shown) choose("stability");
    shown = store.state.stability.size;
  });
  let shown = store.state.stability.size;
  draw();
  return {
    el,
    dispose() {
      for (const stop of [...stops, wanted]) stop();
      plot.dispose();
    },
  };
};

/** What a chart of the runs shows. */
export function pictureOf(state: State, view: View, runs: readonly Run[], chosen: boolean | null): Picture {
  const series = runs.flatMap((run) => seriesOf(state, view, run));
  const last = Math.max(1, ...series.map(({ step, size }) => (size > 0 ? step[size - 1]! : 0)));
  const at = places(last, BUCKETS);
  const log = view !== "stability" && (chosen ?? wide(series.filter(({ dotted }) => !dotted)));
  const lines: Line[] = series.map(({ name, color, dotted, step, value, size }) => ({
    name,
    color,
    dotted,
    values: thin(step, value, size, at, log),
  }));
  return {
    x: at.x,
    lines,
    axis: view,
    scale: log ? "log" : "linear",
    ...(view === "stability" ? { edge: { at: 1, text: "edge of stability" } } : {}),
  };
}

interface Series {
  name: string;
  color: string;
  dotted: boolean;
  step: ArrayLike<number>;
  value: ArrayLike<number>;
  size: number;
}

function seriesOf(state: State, view: View, { run, name, color, path }: Run): Series[] {
  const one = { name, color, dotted: false, step: path.step, size: path.size };
  if (view === "distance") return [{ ...one, value: path.distance }];
  if (view === "loss") {
    return [{ ...one, name: "", dotted: true, value: path.plane_loss }, { ...one, value: path.loss }];
  }
  const known = state.stability.get(run);
  if (!known) return [];
  const { step, ratio } = known.arrays as { step: Int32Array; ratio: Float32Array };
  return [{ ...one, step, value: ratio, size: step.length }];
}

/** Whether positive values span so much that a linear axis would show only the largest. */
function wide(series: readonly Series[]): boolean {
  let low = Infinity;
  let high = 0;
  for (const { value, size } of series) {
    for (let i = 0; i < size; i++) {
      const v = value[i]!;
      if (!(v > 0) || v === Infinity) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return high > 30 * low;
}

function valueAt(state: State, view: View, run: Run, step: number): number | null {
  const [series] = seriesOf(state, view, run).filter(({ dotted }) => !dotted);
  if (!series) return null;
  const row = rowAt(series.step, series.size, step);
  const value = row < 0 ? NaN : series.value[row]!;
  return Number.isFinite(value) ? value : null;
}

function toldOf({ stability }: State, run: number, name: string): string[] {
  const known: Held<"stability"> | undefined = stability.get(run);
  return known?.words ? [`${name}: ${known.words}`] : [];
}

function summary(state: State, view: View, runs: readonly Run[]): string {
  const ends = runs.flatMap((run) => {
    const value = valueAt(state, view, run, Infinity);
    return value === null ? [] : [`${run.name} ends at ${short(value)}`];
  });
  return `${view} over the steps: ${ends.join("; ") || "nothing known"}`;
}
