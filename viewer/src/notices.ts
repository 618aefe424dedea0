/** Notices: faults, work under way, a lost connection. */

import { short } from "./digits";
import { h } from "./dom";
import { type Refused, REFUSED } from "./fields";
import type { MakePart } from "./part";
import type { Heads } from "./protocol";

const PATIENCE = 300; // milliseconds before work under way is worth a word
const LONGEST = 240; // letters
const LONG = 12_000; // milliseconds without the server before it is said what to do

export const notices: MakePart = ({ store, root }) => {
  const work = h("p", { class: "busy", role: "status" });
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const lost = h("p", { class: "lost", role: "status" });
  const el = h("section", { class: "notices", "aria-label": "Notices" }, lost, fault, work);
  let since = 0;
  let timer = 0;
  let gone = 0;

  const tell = () => {
    const { busy } = store.state;
    const told = [...busy].map(([what, share]) => sentence(what, share));
    if (told.join() !== work.textContent) work.textContent = told.join(", ");
  };
  const draw = () => {
    const { busy, connection } = store.state;
    if (busy.size === 0) since = 0;
    else since ||= performance.now();
    const wait = since + PATIENCE - performance.now();
    clearTimeout(timer);
    if (busy.size > 0 && wait > 0) timer = setTimeout(tell, wait) as unknown as number;
    else tell();

    if (connection !== "lost") gone = 0;
    else gone ||= performance.now();
    lost.hidden = !gone;
    if (!gone) lost.textContent = "";
    else if (performance.now() - gone > LONG) {
      lost.textContent =
        "The server is still away; trying again… If it was started anew, open the address that it printed.";
    } else {
      lost.textContent = "The server went away; trying again…";
      setTimeout(draw, LONG + 100);
    }
  };
  const complain = () => {
    const { fault: now } = store.state;
    fault.hidden = now === null;
    fault.replaceChildren();
    if (!now) return;
    const close = h("button", { type: "button", class: "quiet", onclick: () => store.set({ fault: null }) }, "Dismiss");
    fault.append(h("span", {}, line(now)), close);
  };
  const refused = (event: Event) => {
    const { name, span, got, kept } = (event as CustomEvent<Refused>).detail;
    const whole = span.step === "any" ? "a number" : "a whole number";
    const wanted = `${name} must be ${whole} from ${short(span.min)} to ${short(span.max, 6)}`;
    store.set({ fault: { wanted, got: got || "none", mend: `it stays ${kept}`, about: "drop" } });
  };
  root.addEventListener(REFUSED, refused);
  const stops = [
    store.on(["busy", "connection"], draw),
    store.on(["fault"], complain),
    () => root.removeEventListener(REFUSED, refused),
  ];
  draw();
  complain();
  return {
    el,
    dispose() {
      clearTimeout(timer);
      for (const stop of stops) stop();
    },
  };
};

/** One line: what was wanted, what there was, what to do. */
export function line({ wanted, got, mend }: Heads["fault"]): string {
  const said = `${clean(wanted)}, got ${clean(got)}${mend ? `; ${clean(mend)}` : ""}`;
  return said.charAt(0).toUpperCase() + said.slice(1).replace(/\.?$/, ".");
}

/** Words may come from a link or a store: short enough for a line, and nothing that turns the writing around. */
function clean(words: string): string {
  const seen = words.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
  return seen.length > LONGEST ? `${seen.slice(0, LONGEST)}…` : seen;
}

export function sentence(what: string, share: number | null): string {
  return share === null ? `${what}…` : `${what}, ${Math.round(share * 100)} %`;
}
