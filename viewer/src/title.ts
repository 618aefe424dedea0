/** Title: what is seen, in a few words: the finding where there is one. */

import type { State } from "./state";

export function titleOf({ caption, surface, scene, hello }: Pick<State, "caption" | "surface" | "scene" | "hello">): string {
  if (caption) return caption.title;
  if (surface?.title) return surface.title;
  if (scene?.objective) return scene.bench ? `${scene.objective} on ${scene.bench.data}` : scene.objective;
  return hello?.title ?? "";
}
