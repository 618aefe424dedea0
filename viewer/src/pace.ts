/** Pace: how finely to draw while things move, so that they move smoothly on any machine. */

import type { Quality } from "./stage";

const SMOOTH = 14; // milliseconds: a machine that draws all in less always draws all
/** What a drawing may cost where drawing is slow. */
export interface Budget {
  time: number; // milliseconds
  cells: number; // of the ground, along its longer side
}
export const TURNING: Budget = { time: 45, cells: 80 }; // while the camera moves
export const FOLLOWING: Budget = { time: 16, cells: 40 }; // while time moves: the map beside it is drawn at every frame

/** The quality of a drawing within a budget (null: at rest), given what one in full quality cost (null: not known yet). */
export function qualityFor(budget: Budget | null, full: number | null, cells: number, ratio: number): Quality {
  if (budget === null || (full !== null && full <= SMOOTH)) return { ratio, step: 1, plain: false };
  const share = Math.sqrt(Math.min(1, budget.time / (full ?? 4 * budget.time)));
  return { ratio: Math.max(0.5, ratio * Math.max(0.45, share)), step: Math.max(1, Math.round(cells / budget.cells)), plain: true };
}

const LEAST = 60; // milliseconds: the fence does not see that what the processor drew is copied to the page
const FINER = 1.5; // pixels for one, at rest: the processor smooths no edges
const FINE = 2; // pixels a CSS pixel whose edges nobody sees

/** Pixels a CSS pixel; where the processor draws, finer at rest. */
export function ratioOf(drawnInSoftware: boolean, atRest: boolean, ratio: number): number {
  return drawnInSoftware && atRest && ratio < FINE ? Math.min(FINE, FINER * ratio) : ratio;
}

/** What a drawing costs the page, given what it took the graphics. */
export function costOf(took: number, drawnInSoftware: boolean): number {
  return drawnInSoftware ? Math.max(took, LEAST) : took;
}

/** Tell, some time later, how long the graphics took to do what was asked of them so far. */
export function timed(gl: WebGL2RenderingContext, begun: number, tell: (cost: number) => void): void {
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) return;
  gl.flush();
  const look = () => {
    const state = gl.clientWaitSync(fence, 0, 0);
    if (state === gl.TIMEOUT_EXPIRED) return void setTimeout(look, 2);
    gl.deleteSync(fence);
    if (state !== gl.WAIT_FAILED) tell(performance.now() - begun);
  };
  setTimeout(look, 2);
}
