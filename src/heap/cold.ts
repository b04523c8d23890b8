// Cold blocks: contents that a thread does not need for now and must not lose. It hands the block
// in and gets a handle for it; under pressure the contents are deflated, the longest cold first,
// and come back when the handle is touched. In between nobody has the block but the handle.
//
// Handles are one thread's, and so is all that is written down here; the blocks are the heap's. A
// packed block is allocated and filled before the one that it stands for is freed, and the other
// way around when it is touched, so a death leaves both at the worst: blocks of the dead like any
// other, which a heap that tracks owners frees. Is there no room for the packed bytes, they wait
// outside of the heap.

import { COUNTER } from '../word/records.ts';
import { HeapError } from '../word/errors.ts';
import { bytesAt } from '../word/memory.ts';
import type { Attachment } from './attachment.ts';

const { DEFLATED_BYTES, PACKED_BYTES } = COUNTER;

/** Packed to more than this share of its block, a block stays as it is. */
const WORTH = 0.75;
/** The fastest of zlib's. */
const LEVEL = { level: 1 };

/** Names a cold block on the thread that has handed it in; good for one touch. */
export interface ColdHandle {
  readonly kind: 'atomalloc-cold';
  /** Bytes of the block. */
  readonly bytes: number;
}

/** What this needs of Node's zlib. Where there is none, cold blocks stay as they are. */
interface Zlib {
  deflateRawSync(bytes: Uint8Array, options: { level: number }): Uint8Array;
  inflateRawSync(bytes: Uint8Array): Uint8Array;
}
interface Process {
  getBuiltinModule?(name: 'node:zlib'): Zlib | undefined;
}

/** The heap of the thread. */
export interface Warm {
  alloc(size: number): number;
  free(ptr: number): boolean;
  usableSize(ptr: number): number;
  /** A block, or 0 at once. */
  allocNow(size: number): number;
  attachment(): Attachment;
  onPressure(shrinker: { count(): number; scan(bytes: number): number }): unknown;
}

/** Where the contents are: in a block as they were; or packed, in a block or outside. */
interface Kept {
  readonly ptr: number;
  readonly packed: Uint8Array | null;
  /** Bytes of the packed contents; 0 when they are as they were. */
  readonly packedBytes: number;
  /** It has been tried, and was not worth it. */
  readonly hard: boolean;
}

const zlib = (globalThis as { process?: Process }).process?.getBuiltinModule?.('node:zlib');

export class Cold {
  private readonly heap: Warm;
  /** In the order in which they came. */
  private readonly chest = new Map<ColdHandle, Kept>();
  private registered = false;

  constructor(heap: Warm) {
    this.heap = heap;
  }

  /** A handle for the live block at `ptr`, or null. */
  put(ptr: number): ColdHandle | null {
    const bytes = this.heap.usableSize(ptr);
    if (bytes === 0) return null;
    const handle: ColdHandle = Object.freeze({ kind: 'atomalloc-cold', bytes });
    this.chest.set(handle, { ptr, packed: null, packedBytes: 0, hard: false });
    if (!this.registered) this.heap.onPressure(this);
    this.registered = true;
    return handle;
  }

  /** The block with its contents; 0 when there is no memory for it now: the handle stays good. */
  touch(handle: ColdHandle): number {
    const kept = this.chest.get(handle);
    if (kept === undefined) {
      throw new HeapError('BAD_HANDLE', 'no cold block of this thread, or one that was touched');
    }
    const ptr = kept.packedBytes === 0 ? kept.ptr : this.inflated(kept, handle.bytes);
    if (ptr !== 0) this.chest.delete(handle);
    return ptr;
  }

  /** Frees what is cold: nobody else can reach it. */
  clear(): void {
    for (const { ptr } of this.chest.values()) if (ptr !== 0) this.heap.free(ptr);
    this.chest.clear();
  }

  /** Bytes in blocks that might be deflated. */
  count(): number {
    let bytes = 0;
    for (const [handle, kept] of this.chest) if (canPack(kept)) bytes += handle.bytes;
    return zlib === undefined ? 0 : bytes;
  }

  /** Deflates blocks until about so many bytes have come back; how many have. */
  scan(bytes: number): number {
    let freed = 0;
    for (const [handle, kept] of this.chest) {
      if (freed >= bytes) break;
      if (canPack(kept)) freed += this.pack(handle, kept);
    }
    return freed;
  }

  private pack(handle: ColdHandle, kept: Kept): number {
    const packed = zlib?.deflateRawSync(this.bytes(kept.ptr, handle.bytes), LEVEL);
    if (packed === undefined || packed.length > handle.bytes * WORTH) {
      this.chest.set(handle, { ...kept, hard: true });
      return 0;
    }
    const packedBytes = packed.length;
    const ptr = this.heap.allocNow(packedBytes);
    if (ptr !== 0) this.bytes(ptr, packedBytes).set(packed);
    this.chest.set(handle, { ptr, packed: ptr === 0 ? packed : null, packedBytes, hard: false });
    this.heap.free(kept.ptr);
    const { counters } = this.heap.attachment();
    counters.add(DEFLATED_BYTES, handle.bytes);
    counters.add(PACKED_BYTES, packedBytes);
    return handle.bytes - (ptr === 0 ? 0 : this.heap.usableSize(ptr));
  }

  private bytes(ptr: number, length: number): Uint8Array {
    return bytesAt(this.heap.attachment().memory, ptr, length);
  }

  private inflated({ ptr, packed, packedBytes }: Kept, bytes: number): number {
    const to = zlib === undefined ? 0 : this.heap.alloc(bytes);
    if (to === 0 || zlib === undefined) return 0;
    const from = packed ?? this.bytes(ptr, packedBytes);
    this.bytes(to, bytes).set(zlib.inflateRawSync(from));
    if (ptr !== 0) this.heap.free(ptr);
    return to;
  }
}

function canPack({ packedBytes, hard }: Kept): boolean {
  return packedBytes === 0 && !hard;
}
