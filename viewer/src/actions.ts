/**
 * Actions: planes and drops as words of a link.
 *
 * A plane: `filter,0`, `eigen,0,at:2.-1` (around the last step of run 2), `points,0,runs:0.1.2`,
 * then perhaps `steps:300.300.120`, how many of each run counted.
 * A drop: `drop,0.31,-0.2,Adam:0.02+SGD:0.1,300`, then the batch and its seed where they are not 0.
 * A run that was removed: `remove,2`.
 */

import type { Action, Drop, OptimizerSpec, PlaneSpec } from "./protocol";
import { Malformed, number, whole, write } from "./literal";

const RECIPES = ["random", "filter", "principal", "eigen", "points", "stored"] as const;
const MOST = 40; // as the host allows
const MOST_AT_ONCE = 6; // optimizers

export function writeLog(log: readonly Action[]): string {
  return log.map(writeAction).join(";");
}

function writeAction(action: Action): string {
  if ("drop" in action) return writeDrop(action.drop);
  return "plane" in action ? writePlane(action.plane) : `remove,${action.remove}`;
}

export function readLog(text: string): Action[] {
  const words = text.split(";");
  if (words.length > MOST) throw new Malformed(`at most ${MOST} planes, drops and removals`, String(words.length));
  return words.map(readAction);
}

function readAction(word: string): Action {
  const fields = word.split(",");
  if (fields[0] === "drop") return { drop: readDrop(fields, word) };
  if (fields[0] === "remove" && fields.length === 2) return { remove: whole(fields[1] as string, 0) };
  return { plane: readPlane(fields, word) };
}

export function writeOptimizers(optimizers: readonly OptimizerSpec[]): string {
  return optimizers.map(({ name, lr }) => `${name}:${write(lr)}`).join("+");
}

export function readOptimizers(text: string): OptimizerSpec[] {
  if (text === "") return [];
  const read = text.split("+").map((word) => {
    const [name, rate, ...more] = word.split(":");
    if (!name || !/^\w+$/.test(name) || rate === undefined || more.length > 0) {
      throw new Malformed("an optimizer and its learning rate, as in Adam:0.02", word);
    }
    const lr = number(rate);
    if (!(lr > 0)) throw new Malformed("learning rates above 0", word);
    return { name, lr };
  });
  if (read.length > MOST_AT_ONCE) throw new Malformed(`at most ${MOST_AT_ONCE} optimizers`, String(read.length));
  return read;
}

function writePlane({ recipe, seed, run, step, runs, steps }: PlaneSpec): string {
  const at = run === null || run === undefined ? "" : `,at:${run}.${step ?? -1}`;
  const listed = (name: string, values: number[] | undefined) => (values?.length ? `,${name}:${values.join(".")}` : "");
  return `${recipe},${write(seed)}${at}${listed("runs", runs)}${listed("steps", steps)}`;
}

function readPlane([name, seed, ...more]: string[], word: string): PlaneSpec {
  const recipe = RECIPES.find((known) => known === name);
  if (!recipe) throw new Malformed(`drop, remove or a plane (${RECIPES.join(", ")})`, word || "nothing");
  const plane: PlaneSpec = { recipe, seed: whole(seed ?? "0", 0), run: null, step: null, runs: [], steps: [] };
  for (const field of more) {
    const [key, text] = field.split(":");
    const values = (text ?? "").split(".");
    if (key === "at" && values.length === 2) {
      plane.run = whole(values[0] as string, 0);
      plane.step = whole(values[1] as string, -1);
    } else if (key === "runs") plane.runs = values.map((value) => whole(value, 0));
    else if (key === "steps") plane.steps = values.map((value) => whole(value, -1));
    else throw new Malformed("a plane, as in filter,0", word);
  }
  return plane;
}

function writeDrop({ a, b, optimizers, steps, batch, seed }: Drop): string {
  const rest = seed ? [batch, seed] : batch ? [batch] : [];
  return ["drop", write(a), write(b), writeOptimizers(optimizers), ...[steps, ...rest].map(write)].join(",");
}

function readDrop([, a, b, optimizers, steps, batch = "0", seed = "0", ...more]: string[], word: string): Drop {
  if (steps === undefined || more.length > 0) throw new Malformed("a drop, as in drop,0.3,-0.2,Adam:0.02,300", word);
  return {
    a: number(a as string),
    b: number(b as string),
    optimizers: readOptimizers(optimizers as string),
    steps: whole(steps, 1),
    batch: whole(batch, 0),
    seed: whole(seed, 0),
  };
}
