// When the heap is looked at, and for whom.

import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Broadcast, costOf, periodOf } from '../../../src/host/inspector/broadcast.ts';
import { SharedHeap } from '../../../src/index.ts';

/** A response that keeps what is written. */
class Watcher extends EventEmitter {
  readonly written: string[] = [];
  writableLength = 0;
  ended = false;

  write(text: string): void {
    this.written.push(text);
  }

  end(): void {
    this.ended = true;
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  get looks(): number {
    return this.written.filter((text) => text.startsWith('data: {')).length;
  }
}

let heap: SharedHeap;
beforeEach(() => {
  heap = SharedHeap.create({ size: '4MiB', maxSlots: 2 });
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  heap.detach();
});

test('nobody looks at a heap that nobody watches', () => {
  const stats = vi.spyOn(heap, 'stats');
  const broadcast = new Broadcast(heap);
  vi.advanceTimersByTime(60_000);
  expect(stats).not.toHaveBeenCalled();
  const watcher = new Watcher();
  broadcast.add(watcher.response);
  expect(watcher.looks).toBe(1); // at once
  vi.advanceTimersByTime(10_000);
  expect(watcher.looks).toBeGreaterThanOrEqual(20);
  const { looks } = watcher;
  watcher.emit('close');
  const { length } = stats.mock.calls;
  vi.advanceTimersByTime(60_000);
  expect([watcher.looks, stats.mock.calls.length]).toEqual([looks, length]);
});

test('all watch the same look, and who comes again gets rates of this time', () => {
  const broadcast = new Broadcast(heap);
  const [one, other] = [new Watcher(), new Watcher()];
  broadcast.add(one.response);
  broadcast.add(other.response);
  vi.advanceTimersByTime(1000);
  expect(other.looks).toBeGreaterThan(0);
  expect(one.written.slice(-other.looks)).toEqual(other.written.slice(-other.looks));
  for (const watcher of [one, other]) watcher.emit('close');
  vi.advanceTimersByTime(60_000);
  const late = new Watcher();
  broadcast.add(late.response);
  expect(JSON.parse(late.written[1]!.slice('data: '.length))).toMatchObject({ seconds: 0 });
});

test('who does not keep up is left out until it does', () => {
  const broadcast = new Broadcast(heap);
  const watcher = new Watcher();
  broadcast.add(watcher.response);
  watcher.writableLength = 2 ** 21;
  vi.advanceTimersByTime(2000);
  expect(watcher.looks).toBe(1);
  watcher.writableLength = 0;
  vi.advanceTimersByTime(1000);
  expect(watcher.looks).toBeGreaterThan(1);
});

test('only so many may watch', () => {
  const broadcast = new Broadcast(heap);
  let added = 0;
  for (; broadcast.hasRoom && added < 1000; added++) broadcast.add(new Watcher().response);
  expect(added).toBe(32);
});

test('when this thread leaves the heap, watchers are told and let go', () => {
  const broadcast = new Broadcast(heap);
  const watcher = new Watcher();
  broadcast.add(watcher.response);
  heap.detach();
  vi.advanceTimersByTime(1000);
  expect(watcher.written.at(-1)).toMatch(/^event: gone\ndata: ".*detach.*"\n\n$/s);
  expect(watcher.ended).toBe(true);
  const late = new Watcher();
  broadcast.add(late.response);
  expect([late.looks, late.ended]).toEqual([0, true]);
});

test('one look serves all who ask for one while it is fresh', () => {
  const broadcast = new Broadcast(heap);
  const first = broadcast.latest();
  heap.alloc(64);
  expect(broadcast.latest()).toBe(first);
  vi.advanceTimersByTime(1000);
  expect(broadcast.latest()).not.toBe(first);
});

test('looking takes less than a hundredth of the time, however much there is to see', () => {
  const runs = 300_000;
  expect(periodOf(costOf([0.5, 0.4, 90], 1000))).toBe(250); // four times a second
  expect(periodOf(costOf([50, 40, 90], runs))).toBe(5000); // as the least took
  expect(costOf([9000, 8000], runs)).toBeLessThan(200); // of a thread that never gets to run
  for (const cost of [1, 3, 10, 100]) expect(cost / periodOf(cost)).toBeLessThan(0.01);
});
