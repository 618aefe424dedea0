/**
 * Newest: asks, but not too often: never more than one question on its way, a least time between
 * two, and of those that wait only the newest is asked.
 */

export interface Timer {
  now(): number;
  after(milliseconds: number, work: () => void): () => void;
}

export const browserTimer: Timer = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const id = setTimeout(work, milliseconds);
    return () => clearTimeout(id);
  },
};

export class Newest<T> {
  private waiting: { value: T } | null = null;
  private asked = -Infinity;
  private flying = false;
  private cancel: () => void = () => undefined;

  /** `patience`: milliseconds after which an answer no longer counts as on its way. */
  constructor(
    private readonly send: (value: T) => void,
    private readonly gap: number,
    private readonly patience: number,
    private readonly timer: Timer,
  ) {}

  ask(value: T): void {
    this.waiting = { value };
    this.plan();
  }

  answered(): void {
    this.flying = false;
    this.plan();
  }

  stop(): void {
    this.cancel();
    this.waiting = null;
  }

  private plan(): void {
    this.cancel();
    if (!this.waiting) return;
    const wait = this.asked + (this.flying ? this.patience : this.gap) - this.timer.now();
    if (wait > 0) {
      this.cancel = this.timer.after(wait, () => this.go());
    } else {
      this.go();
    }
  }

  private go(): void {
    if (!this.waiting) return;
    const { value } = this.waiting;
    this.waiting = null;
    this.asked = this.timer.now();
    this.flying = true;
    this.send(value);
  }
}
