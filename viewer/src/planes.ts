/** Planes: which plane is cut through the landscape, how finely it is mapped and drawn. */

import { h } from "./dom";
import { choice, seed } from "./fields";
import type { MakePart } from "./part";
import type { PlaneSpec } from "./protocol";
import type { State } from "./state";

type Recipe = PlaneSpec["recipe"];

const NEEDED: Partial<Record<Recipe, number>> = { principal: 1, points: 3 }; // runs
const CENTERED: Recipe[] = ["random", "filter", "eigen"]; // around a place of the visitor's choice
const GRIDS = ["41", "81", "121", "201"];

export const planes: MakePart = (context) => {
  const { store, send } = context;
  let asked: { scene: number; plane: PlaneSpec } | null = null; // of which no scene has come yet
  const change = (patch: Partial<PlaneSpec>) => {
    const { scene, runs } = store.state;
    if (!scene) return;
    const last = asked?.scene === scene.scene ? asked.plane : scene.plane;
    const plane: PlaneSpec = { ...last, ...patch, steps: [] };
    plane.runs = plane.recipe === "points" ? three(plane.runs ?? [], [...runs.keys()]) : [];
    asked = { scene: scene.scene, plane };
    send({ kind: "plane", plane });
  };
  const recipe = choice("Directions", [], (value) => change({ recipe: value as Recipe }));
  const drawn = seed("Plane seed", (value) => change({ seed: value }));
  const at = choice("Through", [], (value) =>
    change(value === "" ? { run: null, step: null } : { run: Number(value), step: -1 }),
  );
  const words = h("p", { class: "hint" });
  const grid = choice("Grid", GRIDS.map((points) => [points, `${points} × ${points}`]), (value) => {
    const wanted = store.state.window ?? store.state.scene?.window;
    store.set({ points: Number(value) });
    if (wanted) send({ kind: "window", window: wanted, points: Number(value) });
  });
  const height = choice(
    "Height",
    [
      ["auto", "as the values span"],
      ["linear", "linear"],
      ["log", "logarithmic"],
    ],
    (value) => store.set({ height: value as State["height"] }),
  );
  const el = h(
    "div",
    { class: "planes" },
    h("fieldset", {}, h("legend", {}, "Plane"), recipe.el, drawn.el, at.el, words, grid.el),
    h("fieldset", { "data-own": "page" }, height.el),
  );

  const draw = () => {
    const { hello, scene, runs, points } = store.state;
    if (!scene) return;
    const known = (hello?.choices?.recipes ?? []).map(({ recipe, words }) => [recipe, words] as const);
    const { plane } = scene;
    const listed = known.some(([name]) => name === plane.recipe) ? known : [...known, [plane.recipe, plane.recipe === "stored" ? "as stored" : "as the tour laid it"] as const];
    recipe.options(listed.map(([name, told]) => [name, told, runs.size < (NEEDED[name] ?? 0)]));
    recipe.show(plane.recipe);
    drawn.el.hidden = plane.recipe !== "random" && plane.recipe !== "filter";
    drawn.show(plane.seed);
    at.options([["", "the start"], ...[...runs.values()].map((run) => [String(run.run), `the end of ${run.name}`] as const)]);
    at.el.hidden = !CENTERED.includes(plane.recipe);
    at.show(plane.run === null || plane.run === undefined ? "" : String(plane.run));
    words.textContent = scene.plane_words;
    words.hidden = !drawn.el.hidden; // what is drawn at random is told by its seed
    const fine = hello?.live ? points : scene.points; // of a saved page those that it was saved with
    grid.options(withPoints(fine).map((value) => [value, `${value} × ${value}`]));
    grid.show(String(fine));
    height.show(store.state.height);
  };
  const stops = [
    store.on(["hello", "scene", "runs", "points", "height"], draw),
    store.on(["fault"], () => (asked = null)), // what was refused is no part of what is asked for next
  ];
  draw();
  return { el, dispose: () => stops.forEach((stop) => stop()) };
};

/** Three runs: those asked for as far as they exist, then others. */
export function three(asked: number[], known: number[]): number[] {
  const kept = asked.filter((run) => known.includes(run));
  return [...new Set([...kept, ...known])].slice(0, 3);
}

function withPoints(points: number): string[] {
  const now = String(points);
  return GRIDS.includes(now) ? GRIDS : [...GRIDS, now].sort((a, b) => Number(a) - Number(b));
}
