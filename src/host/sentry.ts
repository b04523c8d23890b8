// The sentry's program: a worker of a browser that waits for the ends of other threads
// (leases.ts) and marks what they had. It has no seat, takes no lock of the heap and never blocks,
// so it learns of an end at once, also while a page spins for a lock of the dead. To recover them
// is left to those who wait, attach or look, and to who has started it, whom it tells.

import { layoutOf } from '../word/geometry.ts';
import { SlotTable } from '../slot/slot.ts';
import { open, type HeapHandle } from '../heap/open.ts';
import { LeaseWatch, webLocks } from './leases.ts';

/** Who dies so soon after it has come is seen to be dead so much later; others at once. */
const LOOK_MS = 50;

/** The first thing that it says. */
const WATCHES = 'watches';

interface Scope {
  addEventListener(event: 'message', listener: (event: { data: HeapHandle }) => void): void;
  postMessage(message: number | string): void;
}

const scope = globalThis as unknown as Scope;

scope.addEventListener('message', ({ data }) => {
  const locks = webLocks();
  if (locks === undefined) throw new Error('no Web Locks here: a page has them only if secure');
  const { memory, geometry } = open(data);
  const table = new SlotTable(memory, layoutOf(geometry), geometry.maxSlots);
  const watch = new LeaseWatch(table, locks, (who) => scope.postMessage(who));
  setInterval(() => watch.look(), LOOK_MS);
  watch.look();
  scope.postMessage(WATCHES);
});
