// Real workers in a heap that tracks owners, ended by force: what each alone had comes back.

import { expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { OwnerOrders, OwnerReport } from '../../workers/owner.ts';
import { launch } from '../support/threads/launch.ts';
import { bury } from '../support/threads/seats.ts';

test.each([64, 5000, 100_000])(
  'a terminated worker’s own blocks are freed, shared ones and gifts stay: %d bytes',
  async (size) => {
    const heap = SharedHeap.create({ size: '16MiB', trackOwners: true, maxSlots: 4 });
    const mine = heap.alloc(size);
    const orders = { heap: heap.handle, size, count: 10, heir: heap.slot };
    const worker = launch<OwnerReport>('owner', orders satisfies OwnerOrders);
    const { own, given, shared, seat } = await worker.first;
    expect(heap.stats().liveBlocks).toBe(32);
    await worker.kill();
    await bury(heap, seat);
    expect(heap.stats()).toMatchObject({ liveBlocks: 21, slots: [{ slot: heap.slot }] });
    expect(own.filter((ptr) => heap.usableSize(ptr) > 0)).toEqual([]);
    expect(heap.freeMany([mine, ...given, ...shared])).toBe(21);
    heap.reclaim();
    expect(heap.stats().freePages).toBe(heap.stats().pages);
    expect(heap.validate()).toEqual([]);
    heap.detach();
  },
);
