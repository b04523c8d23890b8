// Blocks that several threads hold: the last one to go frees them, exactly once, whether it lets
// go, leaves or dies; nobody frees them early; who writes has a copy that is its own.

import type { Scenario, Scene } from '../scenario.ts';
import { heapOf } from './acts.ts';

const SIZE = 64;
const PAGE = 256;
const checked = {
  heap: { zones: [0, 8, 0], checked: true, magazines: 16 },
  strict: true,
} as const;

/** A block that these threads hold, one reference each; without any, an ordinary one. */
function share(scene: Scene, size: number, ...holders: number[]): void {
  const heap = heapOf(scene, 0);
  const ptr = heap.alloc(size);
  scene.blocks.push(ptr);
  scene.refs.push(heap.ref(ptr));
  for (const t of holders) {
    if (!heapOf(scene, t).retain(ptr))
      throw new Error(`thread ${t} has no reference to begin with`);
  }
}

/** The block, which this thread holds. */
function mine(scene: Scene, me: number, which = 0): number {
  const ptr = scene.blocks[which] as number;
  const now = heapOf(scene, me).deref(scene.refs[which] as number);
  if (now !== ptr) throw new Error(`thread ${me} holds ${ptr}, which was freed`);
  return ptr;
}

function letGo(scene: Scene, me: number, which = 0): void {
  if (!heapOf(scene, me).release(mine(scene, me, which))) throw new Error('a reference is gone');
}

/** Writes to the block, and lets go of what it has then. */
function write(scene: Scene, me: number): number {
  const heap = heapOf(scene, me);
  const own = heap.beginWrite(mine(scene, me));
  if (own === 0 && !scene.mayFail()) throw new Error('no copy, though there was memory');
  if (own !== 0 && heap.holders(own) !== 1) throw new Error('what is written to has others');
  if (!heap.release(own || (scene.blocks[0] as number))) throw new Error('a reference is gone');
  return own;
}

/** Takes a reference, if it can still be had, and lets go of it. */
function visit(scene: Scene, me: number, which = 0): boolean {
  const heap = heapOf(scene, me);
  const ptr = scene.blocks[which] as number;
  if (!heap.retain(ptr)) return false;
  letGo(scene, me, which);
  return true;
}

/** As `visit`, by the handle. */
function visitWeakly(scene: Scene, me: number): boolean {
  if (heapOf(scene, me).upgrade(scene.refs[0] as number) === undefined) return false;
  letGo(scene, me);
  return true;
}

/** Takes as many blocks as a slab has, the one that was shared among them, and frees them. */
function takeAll(scene: Scene, me: number): void {
  const heap = heapOf(scene, me);
  const taken = [0, 0, 0, 0];
  const count = heap.allocMany(taken, SIZE);
  if (heap.freeMany(taken.slice(0, count)) !== count) throw new Error('somebody else has them');
}

function isGone(scene: Scene): void {
  if (heapOf(scene, 0).deref(scene.refs[0] as number) !== 0) throw new Error('nobody freed it');
}

/** Goes on after an overflow, as a program does that has an error handler around it. */
function goingOn(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'references: two let go at once',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [(s) => letGo(s, 0), (s) => letGo(s, 1)],
    check: isGone,
  },
  {
    name: 'references: two let go of a large run, one of them of two references',
    ...checked,
    heap: { ...checked.heap, zones: [0, 16, 0] },
    seats: 2,
    before: (s) => share(s, 5 * PAGE, 0, 1, 1),
    threads: [
      (s) => letGo(s, 0),
      (s) => {
        letGo(s, 1);
        letGo(s, 1);
      },
    ],
    check: isGone,
  },
  {
    name: 'references: figures beside one who comes and one who goes',
    ...checked,
    seats: 3,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [
      (s) => letGo(s, 0),
      (s) => visit(s, 1) && letGo(s, 1),
      (s) => {
        const { held, holders } = heapOf(s, 2).stats().references;
        if (held > 3 || holders > 2) throw new Error(`${held} references, ${holders} holders`);
      },
    ],
  },
  {
    name: 'references: one lets go while another comes',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0),
    threads: [(s) => letGo(s, 0), (s) => visit(s, 1)],
    check: isGone,
  },
  {
    name: 'references: one goes and comes, and whoever stays recovers it',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [
      (s) => {
        letGo(s, 0);
        visit(s, 0);
      },
      (s) => {
        heapOf(s, 1).recover();
        letGo(s, 1);
      },
    ],
    check: isGone,
  },
  {
    name: 'references: a free against a first reference',
    ...checked,
    strict: false,
    seats: 2,
    before: (s) => share(s, SIZE),
    threads: [(s) => heapOf(s, 0).free(s.blocks[0] as number), (s) => visit(s, 1)],
    check: (s, [freed, came]) => {
      isGone(s);
      if (freed === came) throw new Error(`freed: ${String(freed)}, retained: ${String(came)}`);
    },
  },
  {
    name: 'references: a weak handle, while the last one goes and the block is in use again',
    ...checked,
    heap: { ...checked.heap, tracked: true }, // what the dead took is freed
    owned: true,
    seats: 2,
    before: (s) => share(s, SIZE, 0),
    threads: [
      (s) => {
        letGo(s, 0);
        takeAll(s, 0);
      },
      (s) => visitWeakly(s, 1),
    ],
    check: isGone,
  },
  {
    name: 'references: one writes while another lets go',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [(s) => write(s, 0), (s) => letGo(s, 1)],
    check: isGone,
  },
  {
    name: 'references: a weak handle, while the only holder writes',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0),
    threads: [(s) => write(s, 0), (s) => visitWeakly(s, 1)],
    check: isGone,
  },
  {
    name: 'references: two write',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [(s) => write(s, 0), (s) => write(s, 1)],
    check: isGone,
  },
  {
    name: 'references: three threads, one leaves',
    ...checked,
    seats: 3,
    before: (s) => share(s, SIZE, 0, 1, 2),
    threads: [(s) => letGo(s, 0), (s) => letGo(s, 1), (s) => heapOf(s, 2).detach()],
    check: isGone,
  },
  {
    name: 'references: several blocks, and arrays that come and go',
    ...checked,
    seats: 2,
    before: (s) => {
      for (let i = 0; i < 3; i++) share(s, SIZE, 0, 1);
    },
    threads: [
      (s) => {
        letGo(s, 0, 1);
        letGo(s, 0, 2);
        letGo(s, 0, 0);
      },
      (s) => heapOf(s, 1).detach(),
    ],
    check: isGone,
  },
  {
    name: 'references: one array is left for two',
    ...checked,
    heap: { ...checked.heap, magazines: 4 }, // two for what they hold, one for what is cached
    seats: 2,
    before: (s) => {
      share(s, SIZE, 0);
      share(s, SIZE, 1);
    },
    threads: [0, 1].map((t) => (s: Scene) => {
      const full = !visit(s, t, 1 - t) && heapOf(s, t).lastError?.code === 'REFERENCES_FULL';
      letGo(s, t, t);
      return full;
    }),
    check: (s, full) => {
      if (full.every((it) => it === true)) throw new Error('there was one for one of them');
      isGone(s);
    },
  },
  {
    name: 'references of the dead, dropped by one while another lets go',
    ...checked,
    seats: 3,
    dead: [0],
    before: (s) => share(s, SIZE, 0, 0, 1),
    threads: [(s) => letGo(s, 0), (s) => letGo(s, 1), (s) => heapOf(s, 2).recover()],
    check: isGone,
  },
  {
    name: 'references of the dead, dropped from a spare seat',
    ...checked,
    heap: { ...checked.heap, maxSlots: 3 }, // of which the auditor has one
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [(s) => write(s, 0), (s) => letGo(s, 1)],
    check: isGone,
  },
  {
    name: 'references, in a heap that tracks owners',
    ...checked,
    heap: { ...checked.heap, tracked: true },
    owned: true,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [(s) => write(s, 0), (s) => letGo(s, 1)],
    check: isGone,
  },
  {
    name: 'references: who overflows loses them, but not the block that it alone has',
    ...checked,
    heap: { ...checked.heap, tracked: true },
    owned: true,
    seats: 2,
    before: (s) => {
      share(s, SIZE, 0);
      s.book.has(0, s.blocks[0] as number, SIZE);
    },
    threads: [(s) => visit(s, 0), (s) => heapOf(s, 1).recover()],
  },
  {
    name: 'references: who comes back after an overflow',
    ...checked,
    seats: 2,
    before: (s) => share(s, SIZE, 0, 1),
    threads: [
      (s) => {
        goingOn(() => heapOf(s, 0).beginWrite(mine(s, 0)));
        goingOn(() => heapOf(s, 0).retain(s.blocks[0] as number));
        goingOn(() => heapOf(s, 0).detach());
      },
      (s) => letGo(s, 1),
    ],
  },
];
