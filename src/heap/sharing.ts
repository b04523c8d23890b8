// Blocks that several threads hold, in checked heaps: each takes a reference and drops it, and the
// last one to go frees the block, also if it goes by dying. A block that is shared so is frozen by
// agreement: who wants to write takes it out with `beginWrite`, which copies only if it must.
//
// A block is an ordinary one until the first `retain`, and from then on is freed by its references
// alone: `free`, `realloc` and a transaction's `free` refuse it. Whoever allocates a block to be
// shared retains it before it tells anybody. To hand a reference over, the giver keeps one for as
// long as the message is under way, or sends `weak(ptr)`: the receiver gets a reference, or knows
// that the block is gone.

import { GRANULE } from '../word/layout.ts';
import { allocError, HeapError, type AllocError } from '../word/errors.ts';
import { generationIn, granuleOfRef, type Ref } from '../block/generations.ts';
import { Transacting } from './transacting.ts';

const { BYTES } = GRANULE;

export abstract class Sharing extends Transacting {
  /**
   * Takes a reference to the live block at `ptr`, for this thread. It is dropped by `release`, or
   * when this thread detaches or dies; a thread that survives a stack overflow inside the heap has
   * lost its references too, but blocks that nobody else holds are ordinary ones then, not freed.
   * False, and `lastError` says why, if no live block starts there or there is no room to note it
   * (REFERENCES_FULL). Throws BAD_OPTION where the heap is not checked.
   *
   * Costs a look through what this thread holds, and a lock that all threads share if this is its
   * first reference to the block. 15 blocks held take 256 bytes of the heap's metadata.
   */
  retain(ptr: number): boolean {
    if (!this.mayShare(ptr)) return false;
    return this.isDone(this.inside(({ retention }) => retention.retain(ptr)));
  }

  /**
   * Drops one reference of this thread's; the block is freed if it was the last of all. False, and
   * nothing happens, if this thread has none (NOT_RETAINED). Costs as `retain`.
   */
  release(ptr: number): boolean {
    if (!this.mayShare(ptr)) return false;
    return this.isDone(this.inside(({ retention }) => retention.drop(ptr)));
  }

  /**
   * The block to write to: `ptr` itself if this thread's one reference is the only one, else a new
   * block with the same bytes, to which this thread has the only reference; the one to the old
   * block is dropped. Weak handles do not lead to the block to write to: those to `ptr` itself are
   * stale, those to a block that was copied are not. 0, and nothing has changed, if there is no
   * memory for the copy, or if this thread has no reference (NOT_RETAINED). Does not wait.
   */
  beginWrite(ptr: number): number {
    if (!this.mayShare(ptr)) return 0;
    const block = this.inside(({ retention }) => retention.beginWrite(ptr));
    return typeof block === 'number' ? block : this.refuse(block);
  }

  /**
   * A handle to the live block at `ptr` that does not keep it: a number for any thread, to be used
   * with `upgrade`. The same as `ref`; 0 if there is no such block.
   */
  weak(ptr: number): Ref {
    return this.ref(ptr);
  }

  /**
   * The pointer of a weak handle, and a reference of this thread's as `retain` takes it; undefined
   * once the block has been freed, also if it is in use again, or if the reference cannot be noted.
   */
  upgrade(weak: Ref): number | undefined {
    if (!this.mayShare(weak)) return undefined;
    const ptr = granuleOfRef(weak) * BYTES;
    const word = this.attachment.states.generations.match(weak);
    const why = this.inside(({ retention }) =>
      word === 0 ? allocError('INVALID_POINTER', weak) : retention.retain(ptr, generationIn(word)),
    );
    return this.isDone(why) ? ptr : undefined;
  }

  /** How many threads have references to the block at `ptr`; 0 for an ordinary one, or for none. */
  holders(ptr: number): number {
    const { states } = this.attachment;
    const granule = this.isPresent ? states.granuleOf(ptr) : -1;
    return states.checked && granule >= 0 ? states.generations.holders(granule) : 0;
  }

  abstract ref(ptr: number): Ref;

  private mayShare(ptr: number): boolean {
    const refusal = this.refusalToEnter(ptr);
    if (refusal !== null) return this.isDone(refusal);
    if (this.attachment.states.checked) return true;
    throw unchecked();
  }

  private isDone(why: AllocError | null): boolean {
    if (why !== null) this.refuse(why);
    return why === null;
  }
}

function unchecked(): HeapError {
  return new HeapError(
    'BAD_OPTION',
    'references need a checked heap: create it with { checked: true }',
  );
}
