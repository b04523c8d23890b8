// Channels as one thread sees them that plays several: who finds which, what goes in and comes out,
// whose a block is on its way, and what is refused.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channel, type Channel, type ChannelError } from '../../src/parts/channel.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { HeapError, type Result } from '../../src/word/errors.ts';
import { failNth } from '../../src/testing.ts';
import { assertProperty } from '../support/random.ts';
import { anotherSeat, tinyHeap, type TinyOptions } from '../support/tiny.ts';

function seats(count: number, options: TinyOptions = {}): SharedHeap[] {
  const { handle } = tinyHeap(options);
  return Array.from({ length: count }, () => anotherSeat(handle));
}

function open(heap: SharedHeap, capacity = 4, name = 'jobs'): Channel {
  const opened = channel(heap, name, { capacity });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function codeOf(result: Result<unknown, ChannelError>): string {
  return result.ok ? 'ok' : result.error.code;
}

function received(from: Channel): number[] {
  const all: number[] = [];
  for (let got = from.tryReceive(); got.ok; got = from.tryReceive()) all.push(got.value);
  return all;
}

describe('a channel', () => {
  test('is found by its name on every seat, as its maker made it, in one block', () => {
    const [ann, bob] = seats(2) as [SharedHeap, SharedHeap];
    const [one, other] = [open(ann, 3), open(bob, 100)];
    expect([one.capacity, other.capacity, other.ptr]).toEqual([3, 3, one.ptr]);
    expect(ann.stats().liveBlocks).toBe(1);
    expect(ann.roots.entries()).toEqual([['jobs', one.ptr]]);
    const ptr = ann.alloc(64);
    expect(codeOf(one.trySend(ptr))).toBe('ok');
    expect(other.tryReceive()).toEqual({ ok: true, value: ptr });
  });

  test('of another name is another channel', () => {
    const [heap] = seats(1) as [SharedHeap];
    const [one, other] = [open(heap, 2, 'a'), open(heap, 2, 'b')];
    one.trySend(heap.alloc(64));
    expect([one.count(), other.count()]).toEqual([1, 0]);
  });

  test('gives out in order what went in, and has as much room as was asked for', () => {
    const [heap] = seats(1) as [SharedHeap];
    const jobs = open(heap, 3);
    const ptrs = [1, 2, 3, 4].map(() => heap.alloc(64));
    expect(ptrs.map((ptr) => codeOf(jobs.trySend(ptr)))).toEqual(['ok', 'ok', 'ok', 'TIMEOUT']);
    expect(jobs.count()).toBe(3);
    expect(received(jobs)).toEqual(ptrs.slice(0, 3));
    expect(codeOf(jobs.tryReceive())).toBe('TIMEOUT');
    expect(jobs.receive({ waitMs: 1 })).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } });
  });

  test('takes batches as far as there is room, and gives them as far as there is something', () => {
    const [heap] = seats(1) as [SharedHeap];
    const jobs = open(heap, 5);
    const ptrs = Array.from({ length: 8 }, () => heap.alloc(64));
    expect(jobs.sendMany(ptrs, { waitMs: 0 })).toEqual({ ok: true, value: 5 });
    const out = new Float64Array(8);
    expect(jobs.receiveMany(out.subarray(0, 2))).toEqual({ ok: true, value: 2 });
    expect(jobs.sendMany(ptrs.slice(5), { waitMs: 1 })).toEqual({ ok: true, value: 2 });
    expect(jobs.receiveMany(out.subarray(2))).toEqual({ ok: true, value: 5 });
    expect([...out.slice(0, 7)]).toEqual(ptrs.slice(0, 7));
    expect(jobs.receiveMany([])).toEqual({ ok: true, value: 0 });
    expect(jobs.sendMany([])).toEqual({ ok: true, value: 0 });
  });

  test('is closed once: what is in it is received, nothing is sent', () => {
    const [heap] = seats(1) as [SharedHeap];
    const jobs = open(heap);
    const [sent, late] = [heap.alloc(64), heap.alloc(64)];
    jobs.trySend(sent);
    expect([jobs.isClosed(), jobs.close(), jobs.close(), jobs.isClosed()]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(codeOf(jobs.send(late))).toBe('CLOSED');
    expect(codeOf(jobs.sendMany([late]))).toBe('CLOSED');
    expect(jobs.receive()).toEqual({ ok: true, value: sent });
    expect(codeOf(jobs.receive())).toBe('CLOSED');
    expect(codeOf(jobs.receiveMany([0]))).toBe('CLOSED');
    expect(heap.free(late), 'it is the caller’s still').toBe(true);
  });

  test.each([0, 8, 24, -16, NaN, 1e12])('takes no pointer that is no live block: %s', (ptr) => {
    const [heap] = seats(1) as [SharedHeap];
    const jobs = open(heap);
    expect(codeOf(jobs.send(ptr))).toBe('INVALID_POINTER');
    const good = heap.alloc(64);
    expect(jobs.sendMany([good, ptr, heap.alloc(64)])).toEqual({ ok: true, value: 1 });
    expect(received(jobs)).toEqual([good]);
  });

  test('takes no block to which threads have references', () => {
    const [heap] = seats(1, { checked: true }) as [SharedHeap];
    const ptr = heap.alloc(64);
    heap.retain(ptr);
    expect(codeOf(open(heap).send(ptr))).toBe('RETAINED');
  });

  test('leaves out what was freed, or given away, while it was in', () => {
    const [heap] = seats(1, { tracked: true }) as [SharedHeap];
    const jobs = open(heap);
    const [freed, again, given, good] = [0, 0, 0, 0].map(() => heap.alloc(64)) as [
      number,
      number,
      number,
      number,
    ];
    jobs.sendMany([freed, again, given, good]);
    expect(heap.freeMany([freed, again])).toBe(2);
    const next = [heap.alloc(64), heap.alloc(64)];
    for (const ptr of next) heap.give(ptr, 'shared'); // as what is in the channel is
    heap.give(given, heap.slot);
    expect([...next].sort()).toEqual([freed, again].sort());
    expect(received(jobs)).toEqual([good]);
  });

  test('says so when this thread has left the heap', () => {
    const [heap] = seats(1) as [SharedHeap];
    const jobs = open(heap);
    heap.detach();
    expect(codeOf(jobs.trySend(64))).toBe('DETACHED');
    expect(codeOf(jobs.receive())).toBe('DETACHED');
    expect(() => jobs.close()).toThrow(HeapError);
  });
});

describe('in a heap that tracks owners, a block', () => {
  test('in the channel outlives its sender, and then dies with its receiver', () => {
    const [staying, sender, receiver] = seats(3, { tracked: true }) as SharedHeap[] as [
      SharedHeap,
      SharedHeap,
      SharedHeap,
    ];
    const jobs = open(staying);
    const ptr = sender.alloc(64);
    open(sender).send(ptr);
    sender.alloc(64);
    sender.detachAndFree();
    expect(staying.usableSize(ptr)).toBe(64);
    expect(open(receiver).receive()).toEqual({ ok: true, value: ptr });
    receiver.detachAndFree();
    expect([staying.usableSize(ptr), jobs.count(), staying.stats().liveBlocks]).toEqual([0, 0, 1]);
  });

  test('that was not sent stays its sender’s', () => {
    const [staying, sender] = seats(2, { tracked: true }) as [SharedHeap, SharedHeap];
    open(staying, 1).send(staying.alloc(64));
    const ptr = sender.alloc(64);
    expect(codeOf(open(sender).trySend(ptr))).toBe('TIMEOUT');
    sender.detachAndFree();
    expect(staying.usableSize(ptr)).toBe(0);
  });

  test('that is the channel’s own is nobody’s', () => {
    const [maker, other] = seats(2, { tracked: true }) as [SharedHeap, SharedHeap];
    const { ptr } = open(maker);
    maker.detachAndFree();
    expect(other.usableSize(ptr)).toBeGreaterThan(0);
    expect(open(other).count()).toBe(0);
  });
});

describe('to make one', () => {
  test.each([0, -1, 1.5, NaN, 2 ** 20 + 1, '4'])('with room for %s throws', (capacity) => {
    const [heap] = seats(1) as [SharedHeap];
    expect(() => channel(heap, 'jobs', { capacity: capacity as number })).toThrow(/2\^20/);
    expect(heap.stats().liveBlocks).toBe(0);
  });

  test('under the name of something else throws, and leaves that as it is', () => {
    const [heap] = seats(1) as [SharedHeap];
    const ptr = heap.alloc(256);
    heap.roots.set('index', ptr);
    expect(() => channel(heap, 'index')).toThrow(/names no channel/);
    heap.free(ptr);
    expect(() => channel(heap, 'index')).toThrow(/names no channel/);
    expect(heap.roots.get('index')).toBe(ptr);
  });

  test('when all names are taken throws, and keeps no block', () => {
    const [heap] = seats(1) as [SharedHeap];
    const ptr = heap.alloc(64);
    for (let i = 0; i < 64; i++) heap.roots.set(`root ${i}`, ptr);
    expect(() => channel(heap, 'jobs')).toThrow(/64 names/);
    expect(heap.stats().liveBlocks).toBe(1);
  });

  test('without memory for it is an error that leaves the heap as it was', () => {
    const [heap] = seats(1) as [SharedHeap];
    const larger = channel(heap, 'jobs', { capacity: 2 ** 20 });
    expect(larger).toMatchObject({ ok: false, error: { code: 'INVALID_SIZE' } });
    const taken: number[] = [];
    for (let ptr = heap.alloc(1024); ptr !== 0; ptr = heap.alloc(1024)) taken.push(ptr);
    const refused = channel(heap, 'jobs', { capacity: 128 });
    expect(refused).toMatchObject({ ok: false, error: { code: 'OUT_OF_MEMORY' } });
    expect(heap.roots.entries()).toEqual([]);
    heap.freeMany(taken);
    const runs = failNth(heap, () => {
      const made = channel(heap, 'jobs', { capacity: 4 });
      if (!made.ok) return false;
      heap.roots.delete('jobs');
      return heap.free(made.value.ptr);
    });
    expect(runs.map(({ outcome }) => outcome)).toEqual([false, true]);
  });

  test.each([-1, NaN])('and to wait for %s ms throws', (waitMs) => {
    const [heap] = seats(1) as [SharedHeap];
    expect(() => open(heap).receive({ waitMs })).toThrow(/waitMs/);
    return expect(open(heap).receiveAsync({ timeoutMs: waitMs })).rejects.toThrow(/timeoutMs/);
  });
});

test.each([{}, { checked: true }, { tracked: true }])(
  'any sequence of calls goes as on a plain queue: %j',
  (options) => {
    const call = fc.oneof(
      fc.record({ sends: fc.nat(6) }),
      fc.record({ receives: fc.integer({ min: 1, max: 6 }) }),
    );
    const runs = fc.property(fc.array(call, { maxLength: 60 }), fc.nat(4), (calls, more) => {
      const heaps = seats(2, options);
      const capacity = more + 1;
      const ends = heaps.map((heap) => open(heap, capacity));
      const queue: number[] = [];
      calls.forEach((it, i) => {
        const [heap, end] = [heaps[i % 2] as SharedHeap, ends[i % 2] as Channel];
        if ('sends' in it) {
          const ptrs = Array.from({ length: it.sends }, () => heap.alloc(64));
          const sent = end.sendMany(ptrs, { waitMs: 0 });
          const fits = Math.min(capacity - queue.length, ptrs.length);
          expect(sent.ok ? sent.value : 0).toBe(fits);
          queue.push(...ptrs.slice(0, fits));
          heap.freeMany(ptrs.slice(fits));
        } else {
          const out = new Array<number>(it.receives).fill(0);
          const got = end.receiveMany(out, { waitMs: 0 });
          const taken = queue.splice(0, it.receives);
          expect(out.slice(0, got.ok ? got.value : 0)).toEqual(taken);
          expect(heap.freeMany(taken)).toBe(taken.length);
        }
      });
      expect(received(ends[0] as Channel)).toEqual(queue);
      for (const heap of heaps) heap.detach();
    });
    assertProperty(40, runs);
  },
);
