import { expect, test } from "vitest";
import { Newest, type Timer } from "../src/newest";

/** A clock that goes only when told. */
class Hand implements Timer {
  time = 0;
  private plans: { at: number; work: () => void }[] = [];
  now = () => this.time;
  after(milliseconds: number, work: () => void): () => void {
    const plan = { at: this.time + milliseconds, work };
    this.plans.push(plan);
    return () => void (this.plans = this.plans.filter((each) => each !== plan));
  }
  go(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.plans.filter(({ at }) => at <= end).sort((p, q) => p.at - q.at)[0];
      if (!next) break;
      this.plans = this.plans.filter((each) => each !== next);
      this.time = next.at;
      next.work();
    }
    this.time = end;
  }
}

function asker() {
  const hand = new Hand();
  const sent: [number, string][] = [];
  const newest = new Newest<string>((value) => sent.push([hand.time, value]), 80, 2000, hand);
  return { hand, sent, newest };
}

test("the first question goes at once, of the others only the newest, after the gap", () => {
  const { hand, sent, newest } = asker();
  newest.ask("a");
  newest.answered();
  newest.ask("b");
  hand.go(10);
  newest.ask("c");
  hand.go(100);
  expect(sent).toEqual([[0, "a"], [80, "c"]]);
});

test("one question is on its way at a time", () => {
  const { hand, sent, newest } = asker();
  newest.ask("a");
  newest.ask("b");
  hand.go(500);
  expect(sent).toEqual([[0, "a"]]);
  newest.answered();
  expect(sent).toEqual([[0, "a"], [500, "b"]]);
});

test("an answer that never comes is waited for only so long", () => {
  const { hand, sent, newest } = asker();
  newest.ask("a");
  newest.ask("b");
  hand.go(5000);
  expect(sent).toEqual([[0, "a"], [2000, "b"]]);
});

test("after an answer nothing is asked again, and a stop forgets what waits", () => {
  const { hand, sent, newest } = asker();
  newest.ask("a");
  newest.answered();
  newest.answered();
  newest.ask("b");
  newest.stop();
  hand.go(5000);
  expect(sent).toEqual([[0, "a"]]);
});
