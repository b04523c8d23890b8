// What is done to references from one seat (block/references.ts keeps them): blocks retained and
// released, copied before they are written, and let go of when a thread has left or died.
//
// No lock is held while a block is sent home or copied. A block whose last reference is gone stands
// in the slot's ENDING meanwhile (release.ts); a copy, in an entry of the slot's table, from before
// it is live until it is held or freed.

import { GRANULE } from '../word/layout.ts';
import { COUNTER } from '../word/records.ts';
import { allocError, type AllocError } from '../word/errors.ts';
import { copyBytes } from '../word/memory.ts';
import { generationIn } from '../block/generations.ts';
import type { Entry } from '../block/statemap.ts';
import { EVENT } from '../slot/tape.ts';
import type { Allocation } from './allocate.ts';
import type { Attachment } from './attachment.ts';
import type { Release } from './release.ts';
import { Resize } from './resize.ts';

const { BYTES } = GRANULE;

/** Who brings home what the dead have. */
export interface Attendant {
  attend(): void;
  sweep(): unknown;
}

export class Retention {
  private readonly on: Attachment;
  private readonly recovery: Attendant | null;
  private readonly allocation: Allocation;
  private readonly release: Release;
  private readonly resize: Resize;

  /** `recovery` is null where it is itself what lets go of references. */
  constructor(
    on: Attachment,
    allocation: Allocation,
    release: Release,
    recovery: Attendant | null = null,
  ) {
    this.on = on;
    this.recovery = recovery;
    this.allocation = allocation;
    this.release = release;
    this.resize = new Resize(on);
  }

  /** One reference more, to the block of that generation unless `wanted` is 0; or why not. */
  retain(ptr: number, wanted = 0): AllocError | null {
    this.recovery?.attend();
    const { references, states } = this.on;
    const granule = states.granuleOf(ptr);
    if (granule < 0) return allocError('INVALID_POINTER', ptr);
    const entry = references.entryOf(granule);
    if (entry === 0) return this.retainFirst(granule, wanted);
    const stale = wanted !== 0 && generationIn(states.generations.current(granule)) !== wanted;
    if (stale) return allocError('INVALID_POINTER', ptr);
    references.addTo(entry, 1);
    return null;
  }

  /** One reference less; or why not. */
  drop(ptr: number): AllocError | null {
    this.recovery?.attend();
    const entry = this.entryAt(ptr);
    if (entry === 0) return allocError('NOT_RETAINED', ptr);
    this.dropFrom(entry);
    return null;
  }

  /** The block if nobody else has it, else a copy that this slot has instead; or why not. */
  beginWrite(ptr: number): number | AllocError {
    this.recovery?.attend();
    const { references, counters } = this.on;
    const entry = this.entryAt(ptr);
    if (entry === 0) return allocError('NOT_RETAINED', ptr);
    const granule = ptr / BYTES;
    if (references.countOf(entry) === 1 && references.ownAlone(granule)) return ptr;
    const copy = this.copyOf(granule);
    if (typeof copy !== 'number') return copy;
    this.dropFrom(entry); // the copy is held by now: a death here loses the dead's reference only
    counters.bump(COUNTER.COPIES);
    return copy * BYTES;
  }

  /**
   * A slot lets go of all it holds, because its thread leaves or has died; how many blocks that
   * freed. With `frees` false the last reference leaves an ordinary block.
   */
  dropAll(slot: number, frees: boolean): number {
    const { references } = this.on;
    const table = references.tableOf(slot);
    let blocks = 0;
    references.settle(table);
    for (const entry of table.entries()) {
      if (references.isCopy(entry)) {
        if (this.release.freeFor(references.copyToFree(entry))) blocks++;
      } else if (references.last(table, entry, frees ? this.release : null)) {
        if (this.release.sendLast()) blocks++;
      }
    }
    references.clear(table);
    if (blocks > 0 && this.on.waits.isLong()) this.on.waits.rouse();
    return blocks;
  }

  private entryAt(ptr: number): number {
    const granule = this.on.states.granuleOf(ptr);
    return granule < 0 ? 0 : this.on.references.entryOf(granule);
  }

  private retainFirst(granule: number, wanted: number): AllocError | null {
    const { references } = this.on;
    let came = references.first(granule, wanted);
    if (came === 'no array') {
      this.gather();
      came = references.first(granule, wanted);
    }
    if (came === 'held') return null;
    const code = came === 'no array' ? 'REFERENCES_FULL' : 'INVALID_POINTER';
    return allocError(code, granule * BYTES);
  }

  private dropFrom(entry: number): void {
    const { references, waits } = this.on;
    if (references.countOf(entry) > 1) {
      references.addTo(entry, -1);
      return;
    }
    if (!references.lastOwn(entry, this.release)) return;
    this.release.sendLast();
    if (waits.isLong()) waits.rouse();
  }

  /** A new block with the same bytes, to which this slot has the one reference. */
  private copyOf(granule: number): number | AllocError {
    const { references, memory } = this.on;
    let entry = references.beginCopy();
    if (entry.at === 0) {
      this.gather();
      entry = references.beginCopy();
    }
    if (entry.at === 0) return allocError('REFERENCES_FULL', granule * BYTES);
    const bytes = this.resize.bytesOf(granule);
    const made = this.allocFor(entry, bytes);
    if (typeof made === 'number') {
      this.on.tape.note(EVENT.ALLOC, made, bytes);
      copyBytes(memory, made * BYTES, granule * BYTES, bytes);
      return references.keepCopy(entry) ? made : allocError('INVALID_POINTER', made * BYTES);
    }
    references.dropCopy(entry);
    return made;
  }

  private allocFor(entry: Entry, bytes: number): number | AllocError {
    const found = this.allocation.find(bytes, BYTES, undefined, entry);
    if (found !== 0) return found;
    this.recovery?.sweep();
    return this.allocation.alloc(bytes, BYTES, undefined, entry, true);
  }

  /** The dead may have arrays, and idle magazines are some, too. */
  private gather(): void {
    this.recovery?.sweep();
    this.allocation.reclaim();
  }
}
