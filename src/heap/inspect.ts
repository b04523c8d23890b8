// Every live block of a heap, in address order: found by walking over the state map, without a
// lock, so that the others go on. The walk is exact when nobody else is inside the heap.
//
// RACE: a block may be freed, or taken, while one looks at it; what is told of it was true a moment
// ago, piece by piece.

import { GRANULE, STATE } from '../word/layout.ts';
import { isLive } from '../block/statemap.ts';
import type { Attachment } from './attachment.ts';
import { blockBytes } from './blockbytes.ts';
import type { BlockOrigin } from './debugheap.ts';

const { BYTES } = GRANULE;
const { LARGE, SIMPLE_LIVE } = STATE;

/** A live block, with what a debug heap knows of its origin. */
export interface BlockInfo extends Partial<BlockOrigin> {
  readonly ptr: number;
  /** All bytes of the block, also those that nobody asked for. */
  readonly bytes: number;
  /** A slab's block, a run of pages straight from a zone, or one of the simple heap. */
  readonly tier: 'slab' | 'run' | 'simple';
}

/** Blocks that one thread has taken under one tag, and not freed; in debug heaps. */
export interface Leak {
  readonly slot: number;
  readonly incarnation: number;
  /** '' for blocks without a tag. */
  readonly tag: string;
  readonly blocks: number;
  /** Bytes that were asked for. */
  readonly bytes: number;
  /** Where they were taken, the most bytes first; empty unless the heap keeps stacks. */
  readonly places: readonly LeakPlace[];
}

/** What was taken at one place of a program. */
export interface LeakPlace {
  readonly stack: string;
  readonly blocks: number;
  readonly bytes: number;
}

/** Runs what looks at the layers. */
type Within = <T>(work: (on: Attachment) => T) => T;

/** The blocks, one after the other, as they are when each is asked for. */
export class BlockWalk implements IterableIterator<BlockInfo> {
  private readonly within: Within;
  private granule = 0;

  constructor(within: Within) {
    this.within = within;
  }

  /** The next one, or null. */
  take(): BlockInfo | null {
    return this.within((on) => this.find(on));
  }

  next(): IteratorResult<BlockInfo, undefined> {
    const value = this.take();
    return value === null ? { done: true, value: undefined } : { done: false, value };
  }

  [Symbol.iterator](): this {
    return this;
  }

  private find(on: Attachment): BlockInfo | null {
    const { firstGranule, endGranule } = on.layout;
    let granule = Math.max(this.granule, firstGranule);
    for (; granule < endGranule; granule++) {
      const bytes = isLive(on.states.get(granule)) ? blockBytes(on, granule) : 0;
      if (bytes === 0) continue;
      this.granule = granule + bytes / BYTES;
      return infoOf(on, granule, bytes);
    }
    this.granule = endGranule;
    return null;
  }
}

function infoOf(on: Attachment, granule: number, bytes: number): BlockInfo {
  const state = on.states.get(granule);
  const tier = state === LARGE ? 'run' : state === SIMPLE_LIVE ? 'simple' : 'slab';
  return { ptr: granule * BYTES, bytes, tier, ...on.debug?.originOf(granule, bytes) };
}

/** The live blocks that pass, by who took them and as what; the most bytes first. */
export function leaksAmong(blocks: Iterable<BlockInfo>): Leak[] {
  const groups = new Map<string, BlockInfo[]>();
  for (const block of blocks) {
    if (block.slot === undefined) continue;
    add(groups, `${String(block.slot)} ${String(block.incarnation)} ${String(block.tag)}`, block);
  }
  const leaks = [...groups.values()].map((group): Leak => {
    const [{ slot = -1, incarnation = 0, tag = '' }] = group as [BlockInfo];
    return { slot, incarnation, tag, ...sumOf(group), places: placesOf(group) };
  });
  return leaks.sort((a, b) => b.bytes - a.bytes || a.tag.localeCompare(b.tag));
}

function placesOf(blocks: readonly BlockInfo[]): LeakPlace[] {
  const groups = new Map<string, BlockInfo[]>();
  for (const block of blocks) if (block.stack) add(groups, block.stack, block);
  const places = [...groups].map(([stack, group]) => ({ stack, ...sumOf(group) }));
  return places.sort((a, b) => b.bytes - a.bytes);
}

function add(groups: Map<string, BlockInfo[]>, key: string, block: BlockInfo): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [block]);
  else group.push(block);
}

function sumOf(blocks: readonly BlockInfo[]): { blocks: number; bytes: number } {
  const bytes = blocks.reduce((sum, block) => sum + (block.requested ?? 0), 0);
  return { blocks: blocks.length, bytes };
}

/** What this seat's thread leaves behind: live blocks that it took, and did not give away. */
export function leftBehind(on: Attachment): Leak[] {
  const { debug, states, seat } = on;
  if (debug === null) return [];
  const walk = new BlockWalk((work) => work(on));
  const left: BlockInfo[] = [];
  for (let block = walk.take(); block !== null; block = walk.take()) {
    const granule = block.ptr / BYTES;
    const kept = !states.tracked || states.ownerOf(granule) === seat.slot + 1;
    if (kept && debug.isOurs(granule)) left.push(block);
  }
  return leaksAmong(left);
}
