// A debug heap: what one seat does to blocks so that a program's mistakes with them are found. It
// is a checked heap, so every alloc and every free takes the slow path, and the plain heap's fast
// paths do not know of it.
//
//   a live block    its user's bytes, exactly as many as were asked for · the red zone: all that is
//                   left of the block, 16 bytes at least
//   free memory     poison, from when a block of it was freed until one of it is taken, whatever
//                   becomes of its pages meanwhile: in magazines, slabs, arenas and zones, cut for
//                   another class or merged with what is beside it. Memory that was never in use
//                   has no poison, and is not looked at.
//
// Who takes a block, which is live then, looks at the poison, says that there is none, lays the
// red zone, and writes who took it and where, SLACK last. Dying on the way leaves a live block of
// which nothing is known; whoever frees it does not look at it.
//
// Who frees a block ends its generation first, which decides that it is the one; then it looks at
// the red zone, poisons the block, and sends it home. Dying on the way leaves a live block with an
// even generation, named by the slot's ENDING or by a journal's entry: recovery poisons it, once
// more perhaps, and sends it home, but does not look, for there may be poison already. So with a
// thread that dies while it frees a damaged block the report is lost, and nothing else.
//
// Damage does not keep a block from being freed or taken: nothing is lost by it, and the program
// goes on as it would in a plain heap. It is counted, and told to whoever listens on the thread
// that came across it.

import type { Layout } from '../word/geometry.ts';
import { GRANULE } from '../word/layout.ts';
import { countBytes, fillBytes, type Memory } from '../word/memory.ts';
import { COUNTER, DEBUGGING } from '../word/records.ts';
import type { Finding } from '../page/audit.ts';
import type { DebugMap } from '../block/debugmap.ts';
import { Texts } from '../block/texts.ts';
import type { Counters } from '../slot/counters.ts';
import type { Seat } from '../slot/slot.ts';
import { blockBytes, type Tiers } from './blockbytes.ts';
import { callSite } from './callsite.ts';

const { BYTES } = GRANULE;

/** More bytes than were asked for, so that each block has a red zone. */
export const FENCE_BYTES = 16;
const FENCE = 0xfd;
const POISON = 0xdb;
/** Findings that wait for somebody to listen. */
const FINDINGS_MAX = 64;
const SLOT_BITS = 8;

/** What is known of a live block. */
export interface BlockOrigin {
  /** Bytes that were asked for. */
  readonly requested: number;
  /** The seat that took it, and which thread in turn sat there. */
  readonly slot: number;
  readonly incarnation: number;
  readonly tag: string;
  /** Where; '' unless the heap keeps stacks. */
  readonly stack: string;
}

export class DebugHeap {
  /** What this thread came across and nobody has been told of yet. */
  readonly found: Finding[] = [];
  /** Whom blocks are taken by, as TAKER says it. */
  readonly taker: number;
  private readonly memory: Memory;
  private readonly on: Tiers;
  private readonly map: DebugMap;
  private readonly texts: Texts;
  private readonly counters: Counters;
  private readonly stacks: boolean;

  constructor(on: Tiers, layout: Layout, seat: Seat, counters: Counters) {
    const { memory, debug } = on.states;
    if (debug === null) throw new Error('this is no debug heap');
    this.memory = memory;
    this.on = on;
    this.map = debug;
    this.texts = new Texts(memory, layout);
    this.counters = counters;
    this.stacks = layout.debug === DEBUGGING.STACKS;
    this.taker = (seat.incarnation << SLOT_BITS) | (seat.slot + 1);
  }

  /** A block of `size` bytes has been taken, and is live. */
  begin(granule: number, size: number): void {
    const { memory, map } = this;
    const bytes = blockBytes(this.on, granule);
    const end = granule + bytes / BYTES;
    const damage = this.poisonDamage(granule, end);
    if (damage !== null) this.report(damage);
    map.setPoisoner(granule, end, 0);
    fillBytes(memory, granule * BYTES + size, bytes - size, FENCE);
    map.describe(granule, bytes - size, this.taker, this.siteHere());
  }

  /** A finding if bytes were written in the block, of so many bytes, behind those asked for. */
  fenceDamage(granule: number, bytes: number): Finding | null {
    const slack = this.map.slackOf(granule);
    if (slack === 0 || slack >= bytes) return null; // not known, or not the same block any more
    const size = bytes - slack;
    const intact = countBytes(this.memory, granule * BYTES + size, slack, FENCE);
    if (intact === slack) return null;
    const place = `written at +${String(size + intact)}, behind its ${String(size)} bytes`;
    const message = `${place}; taken by ${this.tellOrigin(granule, bytes)}`;
    return { where: 'red zone', ptr: granule * BYTES, message };
  }

  /** The block's generation was just ended from this seat. */
  end(granule: number): void {
    const damage = this.fenceDamage(granule, blockBytes(this.on, granule));
    if (damage !== null) this.report(damage);
    this.map.setFreed(granule, this.siteHere());
    this.poison(granule);
  }

  /** The block's generation is over, and it is not home yet. Again is no harm. */
  poison(granule: number): void {
    const bytes = blockBytes(this.on, granule);
    fillBytes(this.memory, granule * BYTES, bytes, POISON);
    const freer = this.on.states.generations.freerOf(granule) + 1;
    this.map.setPoisoner(granule, granule + bytes / BYTES, freer);
  }

  /** A finding if poisoned bytes of granules [from, end) were written. */
  poisonDamage(from: number, end: number): Finding | null {
    const { map, memory } = this;
    for (let start = from; start < end; start++) {
      const freer = map.poisonerOf(start);
      if (freer === 0) continue;
      let next = start + 1;
      while (next < end && map.poisonerOf(next) === freer) next++;
      const length = (next - start) * BYTES;
      const intact = countBytes(memory, start * BYTES, length, POISON);
      if (intact < length) return this.written(start * BYTES + intact, from, freer - 1);
      start = next - 1;
    }
    return null;
  }

  /** Bytes that were asked for, or all while nothing is known; 0 if no live block starts there. */
  requestedOf(granule: number): number {
    const bytes = blockBytes(this.on, granule);
    const slack = this.map.slackOf(granule);
    return slack < bytes ? bytes - slack : bytes;
  }

  /** What is known of the live block, which has so many bytes; null when nothing is. */
  originOf(granule: number, bytes: number): BlockOrigin | null {
    const slack = this.map.slackOf(granule);
    const requested = bytes - slack;
    if (slack === 0 || requested <= 0) return null;
    const taker = this.map.takerOf(granule);
    const slot = (taker & ((1 << SLOT_BITS) - 1)) - 1;
    const [tag, stack] = split(this.texts.read(this.map.siteOf(granule)));
    return { requested, slot, incarnation: taker >>> SLOT_BITS, tag, stack };
  }

  /** Whether the live block was taken by the thread that sits here now. */
  isOurs(granule: number): boolean {
    const { map } = this;
    return map.slackOf(granule) !== 0 && map.takerOf(granule) === this.taker;
  }

  /** Gives a live block of this thread's a tag. */
  setTag(granule: number, tag: string): void {
    this.map.setSite(granule, this.siteHere(tag));
  }

  /** A live block of this thread's takes the place of another one, and has its tag. */
  inherit(granule: number, from: number): void {
    const [tag] = split(this.texts.read(this.map.siteOf(from)));
    if (tag !== '') this.setTag(granule, tag);
  }

  /** Who freed the block that started here last; '' when it is live. */
  tellOfFree(granule: number): string {
    const slot = this.on.states.generations.freerOf(granule);
    if (slot < 0) return '';
    return `slot ${String(slot)} was the one who freed it${this.tellFreed(granule)}`;
  }

  private report(finding: Finding): void {
    this.counters.bump(COUNTER.CORRUPTIONS);
    if (this.found.length < FINDINGS_MAX) this.found.push(finding);
  }

  private written(ptr: number, granule: number, slot: number): Finding {
    const at = `written at +${String(ptr - granule * BYTES)}`;
    const freed = `after slot ${String(slot)} had freed it`;
    const stack = this.tellFreed(granule);
    const ptrOf = String(granule * BYTES);
    const message = `${at} of ${ptrOf}, ${freed}${stack}`;
    return { where: 'freed memory', ptr, message };
  }

  private tellFreed(granule: number): string {
    const [, stack] = split(this.texts.read(this.map.freedAt(granule)));
    return stack === '' ? '' : `; the last block that began there was freed\n${stack}`;
  }

  private tellOrigin(granule: number, bytes: number): string {
    const origin = this.originOf(granule, bytes);
    if (origin === null) return 'nobody knows whom';
    const tag = origin.tag === '' ? '' : ` as '${origin.tag}'`;
    const stack = origin.stack === '' ? '' : `\n${origin.stack}`;
    return `slot ${String(origin.slot)}${tag}${stack}`;
  }

  /** The number of the text that says where the program is, under a tag. */
  private siteHere(tag = ''): number {
    const stack = this.stacks ? callSite() : '';
    return this.texts.numberOf(stack === '' ? tag : `${tag}\n${stack}`);
  }
}

function split(text: string): [tag: string, stack: string] {
  const end = text.indexOf('\n');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}
