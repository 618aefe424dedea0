/** Lazy: of many figures on a page only some are alive, since browsers draw in 16 WebGL contexts. */

export const MOST = 6;
const ROOM = "420px"; // what a figure takes before it was shown; without room all would be in view at once

/** Keeps what is in view alive, and of the rest what was in view last, as long as there is room. */
export class Few<T> {
  private readonly alive = new Map<T, () => void>(); // the one that came into view last is at the end
  private readonly inView = new Set<T>();

  constructor(
    private readonly most: number,
    private readonly begin: (item: T) => () => void,
  ) {}

  /** It came into view. */
  come(item: T): void {
    this.inView.add(item);
    const end = this.alive.get(item) ?? this.begin(item);
    this.alive.delete(item);
    this.alive.set(item, end);
    this.makeRoom();
  }

  /** It went out of view; it stays alive until its room is needed. */
  go(item: T): void {
    this.inView.delete(item);
    this.makeRoom();
  }

  private makeRoom(): void {
    for (const [old, close] of this.alive) {
      if (this.alive.size <= this.most) break;
      if (this.inView.has(old)) continue;
      this.alive.delete(old);
      close();
    }
  }
}

/** Begin each element when it comes into view; `begin` returns how to end it. */
export function whenInView(elements: readonly HTMLElement[], begin: (el: HTMLElement) => () => void): void {
  const few = new Few(MOST, (el: HTMLElement) => {
    const end = begin(el);
    return () => {
      el.style.minHeight = `${el.offsetHeight}px`; // the page must not move under the reader
      end();
    };
  });
  const watch = new IntersectionObserver((entries) => {
    // Who left makes room for who came.
    for (const { isIntersecting, target } of entries) if (!isIntersecting) few.go(target as HTMLElement);
    for (const { isIntersecting, target } of entries) if (isIntersecting) few.come(target as HTMLElement);
  });
  for (const el of elements) {
    el.style.minHeight = ROOM;
    watch.observe(el);
  }
}
