// Other people's data structures on blocks of the heap, one thread at a time: a deque and an LRU
// cache that take array classes (mnemonist), and a writer that writes where it is told (msgpackr).
// Each answers as the ordinary one does.

import * as fc from 'fast-check';
import { FixedDeque, LRUCache } from 'mnemonist';
import { Packr, unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { SharedHeap, type Ptr } from '../../src/index.ts';
import { assertProperty } from '../support/random.ts';

const heap = SharedHeap.create({ size: '16MiB' });

/** An array class whose arrays are blocks; `ptrs` are those that were made. */
function blockArrays(): { ArrayClass: Float64ArrayConstructor; ptrs: Ptr[] } {
  const ptrs: Ptr[] = [];
  function BlockArray(length: number): Float64Array {
    const ptr = heap.alloc(length * 8);
    if (ptr === 0) throw new Error(heap.lastError?.message);
    ptrs.push(ptr);
    return heap.view(ptr, Float64Array, length);
  }
  return { ArrayClass: BlockArray as unknown as Float64ArrayConstructor, ptrs };
}

const moves = fc.array(
  fc.tuple(fc.constantFrom('push', 'unshift', 'pop', 'shift', 'get'), fc.integer()),
  { maxLength: 100 },
);

test('a deque in a block does what the ordinary one does', () => {
  assertProperty(
    100,
    fc.property(moves, (all) => {
      const { ArrayClass, ptrs } = blockArrays();
      const [ours, theirs] = [
        new FixedDeque<number>(ArrayClass, 8),
        new FixedDeque<number>(Array, 8),
      ];
      for (const [move, value] of all) {
        const told = [ours, theirs].map((deque) => play(deque, move, value));
        expect(told[0]).toEqual(told[1]);
      }
      expect([...ours]).toEqual([...theirs]);
      expect(heap.freeMany(ptrs)).toBe(1);
    }),
  );
});

function play(deque: FixedDeque<number>, move: string, value: number): unknown {
  try {
    if (move === 'push' || move === 'unshift') return deque[move](value);
    return move === 'get' ? deque.get(value & 7) : deque[move === 'pop' ? 'pop' : 'shift']();
  } catch (error) {
    return String(error); // full
  }
}

test('a cache with its keys and values in blocks does what the ordinary one does', () => {
  const asked = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), {
    maxLength: 200,
  });
  assertProperty(
    100,
    fc.property(asked, (all) => {
      const { ArrayClass, ptrs } = blockArrays();
      const ours = new LRUCache<number, number>(ArrayClass, ArrayClass, 8);
      const theirs = new LRUCache<number, number>(8);
      for (const [turn, [sets, key]] of all.entries()) {
        if (sets) for (const cache of [ours, theirs]) cache.set(key, turn);
        else expect(ours.get(key)).toBe(theirs.get(key));
      }
      expect([...ours.entries()]).toEqual([...theirs.entries()]);
      expect(heap.freeMany(ptrs)).toBe(2);
    }),
  );
});

test('a MessagePack writer writes into a block, byte by byte what it writes elsewhere', () => {
  const ptr = heap.alloc(65_536);
  const target = Buffer.from(heap.u8.buffer, ptr, 65_536);
  const packr = new Packr({ useRecords: false });
  const ordinary = new Packr({ useRecords: false });
  assertProperty(
    200,
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      packr.useBuffer(target);
      const packed = packr.pack(value);
      expect(packed.buffer).toBe(heap.u8.buffer);
      expect([...heap.view(packed.byteOffset, Uint8Array, packed.length)]).toEqual([
        ...ordinary.pack(value),
      ]);
      expect(unpack(packed)).toEqual(ordinary.unpack(ordinary.pack(value)));
    }),
  );
  heap.free(ptr);
  expect(heap.validate()).toEqual([]);
});
