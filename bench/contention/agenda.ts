// What is to happen in a simulation, the earliest first; of what happens at the same time, what was
// entered first. A binary heap: each entry comes before the two at twice its place.

interface Entry<T> {
  readonly ns: number;
  readonly order: number;
  readonly what: T;
}

export class Agenda<T> {
  private readonly entries: Entry<T>[] = [];
  private entered = 0;

  add(ns: number, what: T): void {
    const { entries } = this;
    const entry = { ns, order: this.entered++, what };
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!comesBefore(entry, entries[above]!)) break;
      entries[at] = entries[above]!;
      at = above;
    }
    entries[at] = entry;
  }

  /** Takes out what comes first. */
  next(): { readonly ns: number; readonly what: T } | undefined {
    const first = this.entries[0];
    const last = this.entries.pop();
    if (first !== undefined && last !== undefined && first !== last) this.sink(last);
    return first;
  }

  private sink(entry: Entry<T>): void {
    const { entries } = this;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= entries.length) break;
      if (below + 1 < entries.length && comesBefore(entries[below + 1]!, entries[below]!)) below++;
      if (!comesBefore(entries[below]!, entry)) break;
      entries[at] = entries[below]!;
      at = below;
    }
    entries[at] = entry;
  }
}

function comesBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.ns < b.ns || (a.ns === b.ns && a.order < b.order);
}
