// Budgets: named accounts that blocks are charged to, as memory cgroups do it. In a heap made for
// them each granule has a byte that names the budget (1 to 64) of the live block that starts there:
// so a free from any thread, a rollback or a recovery gives back to the right one.
//
//   charged     after the block is live, before anybody is told of it: the byte, then USED
//   given back  before the block goes home: the byte, then USED
//   resized     in between, under the lock
//
// So a byte names only live blocks, and all bytes change under one lock: USED of a budget is the
// sum of the blocks that its bytes name. A death under the lock leaves that sum off by one block,
// and who takes the lock over adds it up anew, which reads the map of bytes once: a tenth of a
// second for a GiB. A death just before a charge leaves a block that is charged to nobody, like
// any other that the dead had told nobody of; one just after a return leaves a block that is not
// charged any more and will be freed.
//
// Reaching MAX is decided under the lock, with the size that the block has: nothing is ever beyond
// it, save by a lower MAX that is set later. Who frees a block before the alloc that makes it has
// returned, by a stale pointer, may leave its byte: `validate` tells.
//
//   word        writers      readers     access  if its writer dies midway
//   NAME        budget lock  same        plain   valid: LENGTH comes last
//   LENGTH      budget lock  all         plain   valid: 0 is no budget
//   MAX, HIGH   budget lock  all         plain   valid: each is one that was asked for
//   USED        budget lock  all         plain   derived: the bytes, and the blocks' sizes
//   PEAK        budget lock  stats       plain   valid: one block less
//   FAILURES    budget lock  stats       plain   valid: a count
//   SLOT.BUDGET the slot     same        plain   valid: 0 before the seat is another's
//   the bytes   budget lock  who has the plain   valid: the truth
//                            block

import { BUDGET } from '../word/records.ts';
import { HEADER, LOCK, SLOT, STATE } from '../word/layout.ts';
import type { Layout, Geometry } from '../word/geometry.ts';
import type { Guarded, Lock, Locks } from '../word/lock.ts';
import type { Memory } from '../word/memory.ts';
import type { PageMap } from '../page/pagemap.ts';
import type { Finding } from '../page/audit.ts';
import type { Zones } from '../page/zone.ts';
import { Boundary } from '../block/boundary.ts';
import type { Simple } from '../block/simple.ts';
import { classOfState, isLive, type StateMap } from '../block/statemap.ts';

const { MAX, HIGH, USED, PEAK, FAILURES, LENGTH, NAME, WORDS, COUNT } = BUDGET;
const { LARGE } = STATE;

/** No limit. */
export const UNLIMITED = 2 ** 31 - 1;

/** What a budget is made of here. */
export interface BudgetParts {
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly locks: Locks;
  readonly map: PageMap;
  readonly zones: Zones;
  readonly states: StateMap;
  readonly simple: Simple;
}

export class Budgets implements Guarded {
  readonly lock: Lock;
  /** Whether this heap has any. */
  readonly exist: boolean;
  private readonly memory: Memory;
  private readonly parts: BudgetParts;
  private readonly tags: Boundary;
  private readonly usualAt: number;
  /** Byte index of a granule's budget = its number + this. */
  private readonly origin: number;

  constructor(parts: BudgetParts) {
    this.parts = parts;
    this.memory = parts.locks.memory;
    this.lock = parts.locks.at(HEADER.BUDGET_LOCK + LOCK.WORD, this);
    this.exist = parts.geometry.budgeted;
    this.tags = new Boundary(parts.states);
    this.usualAt = parts.layout.slots + parts.states.slot * SLOT.WORDS + SLOT.BUDGET;
    this.origin = parts.layout.budgetBytes - parts.layout.firstGranule;
  }

  /** What this seat's thread is charged when it does not say; 0 is nothing. */
  usual(): number {
    return this.exist ? this.memory.get(this.usualAt) : 0;
  }

  makeUsual(id: number): void {
    this.memory.set(this.usualAt, id);
  }

  /** Whether so many granules more are within a budget as it is now; 0 is no budget. */
  hasRoom(id: number, granules: number): boolean {
    // RACE: a charge decides again, under the lock.
    if (id === 0) return true;
    const max = this.get(id, MAX);
    return max === UNLIMITED || !(this.get(id, USED) + granules > max); // NaN is refused elsewhere
  }

  /** Granules beyond HIGH. */
  excess(id: number): number {
    // RACE: others may be charging it; any past figure will do.
    return id === 0 ? 0 : Math.max(0, this.get(id, USED) - this.get(id, HIGH));
  }

  /** One more allocation has failed for it. */
  fail(id: number): void {
    this.lock.lock();
    this.set(id, FAILURES, this.get(id, FAILURES) + 1);
    this.lock.unlock();
  }

  /** Charges a live block of which nobody has been told yet; false if it does not fit. */
  charge(id: number, granule: number): boolean {
    if (id === 0) return true;
    this.lock.lock();
    const used = this.get(id, USED) + this.lengthOf(granule);
    const fits = used <= this.get(id, MAX);
    if (fits) {
      // RACE: pairs with `of` of whoever is given the block.
      this.memory.setByte(this.origin + granule, id); // COMMIT
      this.useLocked(id, used);
    }
    this.lock.unlock();
    return fits;
  }

  /** A live block, which is the caller's alone, is about to go home. */
  discharge(granule: number): void {
    if (!this.exist || this.of(granule) === 0) return;
    this.lock.lock();
    const id = this.of(granule);
    this.memory.setByte(this.origin + granule, 0); // COMMIT
    if (id !== 0) this.useLocked(id, this.get(id, USED) - this.lengthOf(granule));
    this.lock.unlock();
  }

  /** Runs what changes the size of a live block where it stands, if that is within its budget. */
  resized(granule: number, granules: number, resize: () => boolean): boolean {
    if (!this.exist || this.of(granule) === 0) return resize();
    this.lock.lock();
    const id = this.of(granule);
    const before = id === 0 ? 0 : this.lengthOf(granule);
    const done = this.hasRoom(id, granules - before) && resize();
    if (done && id !== 0) this.useLocked(id, this.get(id, USED) + this.lengthOf(granule) - before);
    this.lock.unlock();
    return done;
  }

  /** The budget of the live block that starts there; 0 for none. */
  of(granule: number): number {
    // RACE: it is the holder's to ask, and who charged it has handed it over since.
    return this.exist ? this.memory.getByte(this.origin + granule) : 0;
  }

  /** The budget of that name, made if need be; 0 when there are too many. */
  open(name: readonly number[]): number {
    this.lock.lock();
    const id = this.find(name) || this.madeLocked(name);
    this.lock.unlock();
    return id;
  }

  limit(id: number, which: 'MAX' | 'HIGH', granules: number): void {
    this.lock.lock();
    this.set(id, BUDGET[which], granules);
    this.lock.unlock();
  }

  get(id: number, word: number): number {
    // RACE: stats reads what others are writing; any past figure was true.
    return this.memory.get(this.record(id) + word);
  }

  /** After the holder of the lock has died, perhaps with the locks under which it resized. */
  repairLocked(): void {
    const { zones, simple } = this.parts;
    for (const { lock } of [...zones.list, simple]) {
      lock.lock();
      lock.unlock();
    }
    for (let id = 1; id <= COUNT; id++) if (this.get(id, LENGTH) !== 0) this.recountLocked(id);
  }

  /** Under the lock, and all others: what is not as it should be. */
  audit(): Finding[] {
    const found: Finding[] = [];
    for (let id = 1; this.exist && id <= COUNT; id++) {
      const [sum, used] = [this.sumOf(id, found), this.get(id, USED)];
      if (sum === used) continue;
      const message = `blocks of ${String(sum * 16)} bytes, ${String(used * 16)} charged`;
      found.push({ where: `budget ${String(id)}`, ptr: 0, message });
    }
    return found;
  }

  private recountLocked(id: number): void {
    this.set(id, USED, this.sumOf(id, []));
  }

  private sumOf(id: number, found: Finding[]): number {
    const { states } = this.parts;
    let sum = 0;
    for (let at = this.next(id, states.firstGranule); at >= 0; at = this.next(id, at + 1)) {
      if (isLive(states.get(at))) sum += this.lengthOf(at);
      else found.push({ where: `budget ${String(id)}`, ptr: at * 16, message: 'no live block' });
    }
    return sum;
  }

  private next(id: number, from: number): number {
    const { origin, memory } = this;
    const end = origin + this.parts.layout.endGranule;
    const at = memory.findByte(id, origin + from, end);
    return at < 0 ? -1 : at - origin;
  }

  /** Granules of a live block. */
  private lengthOf(granule: number): number {
    const { states, geometry, map } = this.parts;
    const state = states.get(granule);
    const id = classOfState(state);
    if (id !== 0) return geometry.classes[id - 1]?.granules ?? 0;
    // RACE: nobody but who holds the budget's lock changes the size of a block that is charged.
    if (state !== LARGE) return this.tags.length(granule);
    return map.run(granule >>> map.granuleShift) << map.granuleShift;
  }

  private useLocked(id: number, used: number): void {
    this.set(id, USED, used);
    if (used > this.get(id, PEAK)) this.set(id, PEAK, used);
  }

  private find(name: readonly number[]): number {
    for (let id = 1; id <= COUNT; id++) {
      const same = name.every((code, i) => this.get(id, NAME + i) === code);
      if (this.get(id, LENGTH) === name.length && same) return id;
    }
    return 0;
  }

  private madeLocked(name: readonly number[]): number {
    let id = 1;
    while (id <= COUNT && this.get(id, LENGTH) !== 0) id++;
    if (id > COUNT) return 0;
    name.forEach((code, i) => this.set(id, NAME + i, code));
    this.set(id, MAX, UNLIMITED);
    this.set(id, HIGH, UNLIMITED);
    this.set(id, LENGTH, name.length); // COMMIT
    return id;
  }

  private set(id: number, word: number, value: number): void {
    // RACE: pairs with `get`.
    this.memory.set(this.record(id) + word, value);
  }

  private record(id: number): number {
    return this.parts.layout.budgets + (id - 1) * WORDS;
  }
}
