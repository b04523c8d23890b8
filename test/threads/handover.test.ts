// Blocks that one thread allocates and another frees. They travel through mailboxes in the heap
// itself, which the threads find by name.

import { describe, expect, test } from 'vitest';
import { SharedHeap, type HeapOptions } from '../../src/index.ts';
import type { RelayOrders } from '../../workers/relay.ts';
import { Mailbox } from '../support/threads/mailbox.ts';
import { expectClean, expectEmpty, meanwhile, seedOf, start } from '../support/threads/start.ts';
import type { Tally } from '../support/threads/stamped.ts';

const GIB = 2 ** 30;

type Link = Pick<RelayOrders, 'owner' | 'seed'> & Partial<RelayOrders>;

function relay(heap: SharedHeap, link: Link): Promise<Tally> {
  const traffic = { count: 0, leastBytes: 1, mostBytes: 200 * 1024 };
  return start('relay', { heap: heap.handle, ...traffic, ...link } satisfies RelayOrders);
}

/** Mailboxes 'mail 0', 'mail 1' …; returns what unpublishes and frees them. */
function publish(heap: SharedHeap, count: number, capacity: number): () => void {
  const names = Array.from({ length: count }, (_, i) => `mail ${i}`);
  const ptrs = names.map((name) => Mailbox.publish(heap, name, capacity));
  return () => {
    for (const name of names) heap.roots.delete(name);
    heap.freeMany(ptrs);
  };
}

type Count = 'frees' | 'refused' | 'allocBytes';

function sum(tallies: readonly Tally[], what: Count): number {
  return tallies.reduce((total, tally) => total + tally[what], 0);
}

describe('blocks freed by another thread than their owner', () => {
  test.each<[string, HeapOptions]>([
    ['two tiers', { mode: 'two-tier' }],
    ['the simple heap', { mode: 'simple-heap' }],
    ['a checked heap', { checked: true }],
  ])('arrive whole around a ring of threads and are all freed: %s', async (_, options) => {
    const seed = seedOf('handover');
    const heap = SharedHeap.create({ size: '64MiB', ...options });
    const unpublish = publish(heap, 4, 32);
    const links = Array.from({ length: 4 }, (_unused, owner) => {
      const boxes = { inbox: `mail ${owner}`, outbox: `mail ${(owner + 1) % 4}` };
      return relay(heap, { owner, seed: seed + owner, count: 1500, ...boxes });
    });
    const tallies = await meanwhile(links, () => expect(heap.validate()).toEqual([]));
    expectClean(tallies);
    expect(sum(tallies, 'refused')).toBe(0);
    expect(sum(tallies, 'frees')).toBe(6000);
    unpublish();
    expectEmpty(heap);
  });

  test('are used again: ten times the heap flows through it, and it stays small', async () => {
    const seed = seedOf('handover');
    const heap = SharedHeap.create({ size: '4MiB' });
    const unpublish = publish(heap, 2, 32);
    const peaks: number[] = [];
    let flow = 0;
    while (flow < 10 * heap.stats().totalBytes) {
      const pairs = [0, 1].flatMap((owner) => {
        const link = { owner, seed: seed + flow, mostBytes: 16_384 };
        const producer = relay(heap, { ...link, outbox: `mail ${owner}`, count: 3000 });
        return [producer, relay(heap, { ...link, inbox: `mail ${owner}` })];
      });
      const tallies = await Promise.all(pairs);
      expectClean(tallies);
      expect(sum(tallies, 'refused')).toBe(0);
      expect(sum(tallies, 'frees')).toBe(6000);
      flow += sum(tallies, 'allocBytes');
      peaks.push(heap.stats().peakPages);
    }
    expect(peaks.at(-1)).toBeLessThan(1.5 * peaks[1]!);
    unpublish();
    expectEmpty(heap);
  });

  test('may lie beyond 4 GiB, where pointers are no longer 32 bits', async () => {
    const seed = seedOf('handover');
    const heap = SharedHeap.create({ size: 5 * GIB, zones: { highStart: 4 * GIB } });
    const unpublish = publish(heap, 2, 16);
    const link = { zone: 'high', count: 500, seed } as const;
    const workers = [
      relay(heap, { ...link, owner: 0, inbox: 'mail 0', outbox: 'mail 1' }),
      relay(heap, { ...link, owner: 1, inbox: 'mail 1', outbox: 'mail 0' }),
    ];
    const tallies = await Promise.all(workers);
    expectClean(tallies);
    expect(sum(tallies, 'frees')).toBe(1000);
    const { zones } = heap.stats();
    expect(zones.map(({ name, peakPages }) => [name, peakPages > 10])).toEqual([
      ['dma', false],
      ['normal', false],
      ['high', true],
    ]);
    expect(zones[2]!.startPtr).toBe(4 * GIB);
    unpublish();
    heap.reclaim();
    expect(heap.stats()).toMatchObject({ liveBlocks: 0, freePages: heap.stats().pages });
  });
});
