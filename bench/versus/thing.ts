// @thi.ng/malloc: a first-fit pool over any buffer. Its state lies in the buffer, so several
// threads can share one, but nothing guards it: for them there is a mutex around every call.
import { MemPool } from '@thi.ng/malloc';
import type { Allocator } from '../workloads/work.ts';
import { Mutex } from './mutex.ts';
import { foundedAs, MEMORY_BYTES, workOn, type Peer } from './peer.ts';

const START = 64; // the mutex lies before it

class Pool implements Allocator {
  private readonly pool: MemPool;

  constructor(pool: MemPool) {
    this.pool = pool;
  }

  alloc(size: number): number {
    return this.pool.malloc(size);
  }

  free(ptr: number): boolean {
    return this.pool.free(ptr);
  }
}

class GuardedPool implements Allocator {
  private readonly pool: MemPool;
  private readonly mutex: Mutex;

  constructor(pool: MemPool, mutex: Mutex) {
    this.pool = pool;
    this.mutex = mutex;
  }

  alloc(size: number): number {
    this.mutex.lock();
    const ptr = this.pool.malloc(size);
    this.mutex.unlock();
    return ptr;
  }

  free(ptr: number): boolean {
    this.mutex.lock();
    const freed = this.pool.free(ptr);
    this.mutex.unlock();
    return freed;
  }
}

function found(): SharedArrayBuffer {
  const buf = new SharedArrayBuffer(MEMORY_BYTES);
  void new MemPool({ buf, start: START });
  return buf;
}

function attach(data: unknown): { buf: SharedArrayBuffer; words: Int32Array; pool: MemPool } {
  const buf = data as SharedArrayBuffer;
  const pool = new MemPool({ buf, start: START, skipInitialization: true });
  return { buf, words: new Int32Array(buf), pool };
}

export const alone: Peer = {
  found: () => foundedAs(found()),
  join(data, part) {
    const { words, pool } = attach(data);
    return workOn({ heap: new Pool(pool), words }, part);
  },
};

export const behindMutex: Peer = {
  found: () => foundedAs(found()),
  join(data, part) {
    const { buf, words, pool } = attach(data);
    const mutex = new Mutex(new Int32Array(buf, 0, 1));
    return workOn({ heap: new GuardedPool(pool, mutex), words }, part);
  },
};
