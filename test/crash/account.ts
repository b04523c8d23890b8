// The account: every live block of the heap against every record of the ledger, when nobody works.
// A block that somebody has must be live, have its bytes, and be had by nobody else. A live block
// that nobody has is one that a dead client was just taking, as its record says, or it is lost.

import type { SharedHeap } from '../../src/index.ts';
import { HEADER, MAGAZINE, SLOT } from '../../src/word/layout.ts';
import { BUDGET } from '../../src/word/records.ts';
import { isLive } from '../../src/block/statemap.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { Stamper } from '../../bench/replay/stamp.ts';
import { nameOf } from './client.ts';
import { GIVING, HELD, RAW, SHARED, TAKING, type Entry, type Ledger } from './ledger.ts';

export interface Account {
  readonly wrong: readonly string[];
  readonly lostBytes: number;
  /** Live blocks that nobody has: the dead were just taking them. */
  readonly unknown: readonly number[];
  /** Records of live blocks. */
  readonly live: readonly Entry[];
}

/** The layers beneath a heap. */
export function layersOf(heap: SharedHeap): Attachment {
  return heap['attachment'];
}

/**
 * A heap whose thread makes no rounds by its timer: it holds locks and lets others be killed
 * between turns of its event loop, and a round would wait there for what only it can end.
 */
export function withoutRounds(heap: SharedHeap): SharedHeap {
  heap['rounds'] = () => undefined;
  return heap;
}

/** `isReturned` says of which records the blocks must have been freed for the dead. */
export function account(
  heap: SharedHeap,
  ledger: Ledger,
  isReturned: (entry: Entry) => boolean = () => false,
): Account {
  const auditor = new Auditor(heap);
  const entries = ledger.entries();
  const kept = entries.filter((entry) => !isReturned(entry));
  for (const entry of kept) if (isFirm(entry)) auditor.firm(entry);
  for (const entry of kept) if (!isFirm(entry)) auditor.loose(entry);
  for (const entry of entries) if (isReturned(entry)) auditor.returned(entry);
  return auditor.close();
}

function isFirm({ phase }: Entry): boolean {
  return phase === RAW || phase === HELD || phase === SHARED;
}

class Auditor {
  private readonly heap: SharedHeap;
  private readonly stamper: Stamper;
  private readonly states: Set<number>;
  private readonly claimed = new Set<number>();
  private readonly live: Entry[] = [];
  private readonly wrong: string[];
  /** So many blocks may be live that no record knows. */
  private owed = 0;

  constructor(heap: SharedHeap) {
    this.heap = heap;
    this.stamper = new Stamper(heap);
    this.wrong = heap.validate().map((it) => `${it.where} ${it.ptr}: ${it.message}`);
    this.states = livePointers(layersOf(heap));
  }

  firm(entry: Entry): void {
    const { ptr, size, key, phase } = entry;
    const name = nameOf(entry);
    if (!this.states.has(ptr)) {
      this.wrong.push(`${name} is held, but not live`);
      return;
    }
    if (this.claimed.has(ptr)) this.wrong.push(`${name} is had twice`);
    this.take(entry);
    const usable = this.heap.usableSize(ptr);
    if (usable < size) this.wrong.push(`${name} has only ${usable} bytes`);
    const at = phase !== RAW ? this.stamper.check(ptr, size, key) : -1;
    if (at >= 0) this.wrong.push(`${name} is damaged at byte ${at}`);
  }

  /** What the dead was taking or giving: the block may be free, or another's since. */
  loose(entry: Entry): void {
    if (entry.phase !== GIVING) this.owed++;
    if (entry.phase === TAKING || this.claimed.has(entry.ptr)) return;
    if (this.states.has(entry.ptr)) this.take(entry);
  }

  returned(entry: Entry): void {
    if (entry.phase === TAKING || this.claimed.has(entry.ptr)) return;
    if (!this.states.has(entry.ptr)) return;
    this.wrong.push(`${nameOf(entry)} was not returned for the dead`);
    this.take(entry);
  }

  close(): Account {
    const { heap, wrong, live } = this;
    const unknown = [...this.states].filter((ptr) => !this.claimed.has(ptr));
    const lost = unknown.slice(this.owed);
    for (const ptr of lost) wrong.push(`block ${ptr} is live, and nobody has it`);
    const lostBytes = lost.reduce((sum, ptr) => sum + heap.usableSize(ptr), 0);
    return { wrong, lostBytes, unknown, live };
  }

  private take(entry: Entry): void {
    this.claimed.add(entry.ptr);
    this.live.push(entry);
  }
}

/** Pointers of all live blocks, by the state map. */
function livePointers({ layout, states }: Attachment): Set<number> {
  const live = new Set<number>();
  for (let granule = layout.firstGranule; granule < layout.endGranule; granule++) {
    if (isLive(states.get(granule))) live.add(granule * 16);
  }
  return live;
}

/** What is not as it was before anybody used the heap, when every block has been freed. */
export function leftovers(heap: SharedHeap): { wrong: string[]; lostBytes: number } {
  heap.reclaim();
  const wrong = heap.validate().map((it) => `at the end: ${it.where} ${it.ptr}: ${it.message}`);
  const { pages, freePages, pageBytes, allocatedBytes } = heap.stats();
  const lostBytes = (pages - freePages) * pageBytes;
  if (lostBytes !== 0) wrong.push(`${pages - freePages} pages are not back`);
  if (allocatedBytes !== 0) wrong.push(`${allocatedBytes} bytes count as allocated`);
  const on = layersOf(heap);
  for (let id = 1; on.budgets.exist && id <= BUDGET.COUNT; id++) {
    const used = on.budgets.get(id, BUDGET.USED);
    if (used !== 0) wrong.push(`${used} granules are charged to budget ${id}`);
  }
  for (let slot = 0; slot < on.table.seats; slot++) {
    const who = on.memory.load(on.layout.slots + slot * SLOT.WORDS + SLOT.WHO);
    if (slot !== heap.slot && who !== 0) wrong.push(`slot ${slot} is not free`);
  }
  return { wrong: [...wrong, ...arraysAstray(on)], lostBytes };
}

/** Every array of the pool is in its list, was never used, or is this thread's for references. */
function arraysAstray({ memory, layout, geometry, seat }: Attachment): string[] {
  const listed = new Set<number>();
  let array = memory.get(HEADER.POOL_FREE);
  for (; array !== 0 && !listed.has(array); array = memory.get(array + MAGAZINE.NEXT)) {
    listed.add(array);
  }
  const unused = geometry.magazines - memory.get(HEADER.POOL_NEXT);
  const all = Array.from(
    { length: geometry.magazines },
    (_, i) => layout.magazines + i * MAGAZINE.WORDS,
  );
  const own = MAGAZINE.REFERENCES + seat.slot;
  const holders = all.map((it) => memory.get(it + MAGAZINE.HOLDER)).filter((it) => it !== 0);
  const held = holders.filter((it) => it !== own).length;
  const astray = geometry.magazines - listed.size - unused - (holders.length - held);
  const wrong = held === 0 ? [] : [`${held} arrays are still somebody's`];
  return astray === 0 ? wrong : [...wrong, `${astray} arrays are not in the pool`];
}
