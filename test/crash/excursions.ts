// Excursions: the steps of a tour (tour.ts) that leave the plain ways of a heap. Pointers are
// misused; blocks are held by references, given away, reserved and charged to budgets; memory is
// waited for and pleaded for; requests are refused on purpose; the heap is asked how it feels.

import type { Budget } from '../../src/index.ts';
import { layersOf } from './account.ts';
import { GIVING, HELD, SHARED, type Entry } from './ledger.ts';
import type { Tour } from './tour.ts';

const KIB = 1024;
const BUDGETS = ['tour', 'guest'] as const;
const WAIT_MS = 2;

/** What is no live block stays none, and is told apart. */
export function misuse(tour: Tour): void {
  const { heap, client, random, plan } = tour;
  const record = client.alloc(random.logUniform(33, 16 * KIB));
  if (record < 0) return;
  const { ptr } = plan.ledger.read(record);
  refused(tour, [ptr + 16, heap.u8.length, 0, ptr + 0.5]);
  client.free(record);
  const free = [ptr, random.below(2 ** 18) * 16];
  if (plan.alone) {
    refused(
      tour,
      free.filter((it) => heap.usableSize(it) === 0),
    );
  }
}

function refused({ heap, plan }: Tour, ptrs: readonly number[]): void {
  for (const ptr of ptrs) {
    if (heap.free(ptr)) plan.complain(`${ptr} was freed, and was no block`);
  }
}

/** Checked heaps: a block is freed by its ref, once. */
export function refs({ heap, client, random, plan }: Tour): void {
  const record = client.alloc(random.logUniform(1, 16 * KIB));
  if (record < 0) return;
  const ref = heap.ref(plan.ledger.read(record).ptr);
  if (ref === 0) return;
  client.free(record);
  if (heap.deref(ref) !== 0 || heap.freeRef(ref)) plan.complain(`ref ${ref} is still good`);
}

/** A block of one's own is held twice, changes hands with itself, and is dropped. */
export function hold(tour: Tour): void {
  const { heap, client } = tour;
  const { ledger, complain } = tour.plan;
  const record = isChecked(tour) ? client.alloc(tour.random.logUniform(1, 16 * KIB)) : -1;
  if (record < 0) return;
  const { ptr } = ledger.read(record);
  ledger.mark(record, client.owner, GIVING);
  const weak = heap.weak(ptr);
  if (!heap.retain(ptr)) heap.free(ptr); // no room to note it
  else {
    const other = heap.upgrade(weak);
    const mine = heap.beginWrite(ptr); // with two references it is a copy, if there is memory
    if (other !== undefined) heap.release(mine || ptr);
    heap.release(ptr);
  }
  if (heap.upgrade(weak) !== undefined) complain(`${ptr} outlives its references`);
  client.forget(record);
}

/** A block that others hold is looked at, and copied to be written to. */
export function copy(tour: Tour): void {
  const { heap, client } = tour;
  const { ledger, complain } = tour.plan;
  const entry = anyShared(tour);
  if (entry === undefined || !heap.retain(entry.ptr)) return;
  client.check(entry, entry.size);
  const mine = heap.beginWrite(entry.ptr);
  if (mine === entry.ptr) complain(`${entry.ptr} is shared, and was not copied`);
  if (mine !== 0) {
    client.check({ ...entry, ptr: mine }, entry.size);
    heap.u8.fill(0xdd, mine, mine + entry.size);
  }
  if (!heap.release(mine || entry.ptr)) complain('a reference is gone');
  client.check(ledger.read(entry.record), entry.size);
}

function isChecked({ heap }: Tour): boolean {
  return layersOf(heap).states.checked;
}

function anyShared({ plan, random }: Tour): Entry | undefined {
  const shared = plan.ledger.entries().filter(({ phase }) => phase === SHARED);
  return shared[random.below(shared.length)];
}

/** In a heap that tracks owners: a block becomes nobody's, and is there for whoever claims it. */
export function giveAway(tour: Tour): void {
  const { heap, client } = tour;
  const { ledger, complain } = tour.plan;
  const record = tour.plan.tracked ? tour.anyOf(client.held()) : -1;
  if (record < 0) return;
  ledger.mark(record, 0, GIVING);
  if (!heap.give(ledger.read(record).ptr, 'shared')) complain('a block was not to be given');
  ledger.mark(record, 0, HELD);
}

/** Blocks are charged to a budget, which may have a limit, or everything is for a while. */
export function charge(tour: Tour): void {
  const { heap, random } = tour;
  const budget = budgetOf(tour);
  if (budget === null) return;
  tour.take(random.logUniform(1, 16 * KIB), { budget });
  if (random.below(2) === 0) heap.useBudget(random.below(3) === 0 ? null : budget);
  const { usedBytes, peakBytes } = budget.usage();
  if (usedBytes < 0 || peakBytes < 0) tour.plan.complain('a budget is below nothing');
}

function budgetOf({ heap, random }: Tour): Budget | null {
  if (!layersOf(heap).budgets.exist) return null;
  const name = BUDGETS[random.below(2)] ?? BUDGETS[0];
  const limits =
    random.below(2) === 0 ? {} : { max: random.logUniform(KIB, 1024 * KIB), high: KIB };
  return heap.budget(name, limits);
}

/** Memory is waited for, and something given up for it. */
export function wait(tour: Tour): void {
  const { heap, random, client } = tour;
  const scan = () => {
    const record = tour.anyOf(client.held());
    if (record < 0) return 0;
    const { size } = tour.plan.ledger.read(record);
    client.free(record);
    return size;
  };
  const ends = [
    heap.onPressure({ count: () => 64 * KIB, scan }),
    heap.onOutOfMemory(() => undefined),
  ];
  heap.setOomScoreAdj(random.below(2000) - 1000);
  const asked = random.logUniform(1, 256 * KIB);
  if (random.below(4) > 0) tour.take(asked, { waitMs: WAIT_MS });
  else {
    heap.setFailFast(false);
    tour.take(asked);
    heap.setFailFast(true);
  }
  for (const end of ends) end();
}

/** Some requests are refused on purpose. Who dies meanwhile leaves the plan to all others. */
export function refuse(tour: Tour): void {
  const { heap, random } = tour;
  heap.faults.inject({ every: 1 + random.below(3), times: 4 });
  for (let i = random.below(6); i > 0; i--) tour.take(random.logUniform(1, 16 * KIB));
  heap.faults.inject(null);
}

/** Blocks are taken in advance; two are used, and the rest goes back. */
export function reserve({ heap, random, client }: Tour): void {
  const size = random.logUniform(1, 4 * KIB);
  client.together([size, size], -1, () => {
    const got = heap.reserve(2 + random.below(20), size);
    if (!got.ok) return null;
    const ptrs = [got.value.alloc(), got.value.alloc()];
    if (random.below(2) === 0) got.value.refill();
    got.value[Symbol.dispose]();
    return ptrs;
  });
}

/** Another zone is home, or none. */
export function move({ heap, random }: Tour): void {
  heap.setAffinity((['dma', 'high', null] as const)[random.below(3)] ?? null);
}

/** Many blocks in one call, and back in another if they are not all to be had. */
export function takeMany(tour: Tour): void {
  const { heap, random, client } = tour;
  const size = random.logUniform(16, 2 * KIB);
  const sizes = Array.from({ length: 1 + random.below(20) }, () => size);
  client.together(sizes, -1, () => {
    const ptrs = sizes.map(() => 0);
    const count = heap.allocMany(ptrs, size);
    if (count === ptrs.length) return ptrs;
    heap.freeMany(ptrs.slice(0, count));
    return null;
  });
}

/** What is done every few seconds: depots forget by halves what they have learned to hold. */
export function cool({ heap }: Tour): void {
  heap['inside'](({ on }) => on.depots.forEach((depot) => depot?.cool()));
}

/** The heap is asked how it feels, and for every block there is. */
export function inquire({ heap, plan: { complain } }: Tour): void {
  heap.isHealthy();
  heap.health();
  heap.stats();
  for (const { bytes } of heap.inspectAll()) if (bytes <= 0) complain('a block without bytes');
  if (heap.leaks().some(({ bytes }) => bytes <= 0)) complain('a leak of nothing');
}

/** Damage is complained of; there is none, for nobody writes where he should not. */
export function listen({ heap, plan: { complain } }: Tour): void {
  heap.onDamage(({ where, ptr, message }) => complain(`damage: ${where} ${ptr}: ${message}`));
}
