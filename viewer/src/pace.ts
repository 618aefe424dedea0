/** Pace: how finely to draw while things move, so that they move smoothly on any machine. */

import type { Quality } from "./stage";

const SMOOTH = 14; // milliseconds: a machine that draws all in less always draws all
export const TURNING = 45; // milliseconds for a drawing while the camera moves
export const FOLLOWING = 16; // the same while time moves: the map beside it is drawn at every frame

/** The quality of a drawing within a budget (null: at rest), given what one in full quality cost (null: not known yet). */
export function qualityFor(budget: number | null, full: number | null, cells: number, ratio: number): Quality {
  if (budget === null || (full !== null && full <= SMOOTH)) return { ratio, step: 1, plain: false };
  const share = Math.sqrt(Math.min(1, budget / (full ?? 4 * budget)));
  return { ratio: Math.max(0.5, ratio * Math.max(0.45, share)), step: Math.max(1, Math.round(cells / 80)), plain: true };
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
