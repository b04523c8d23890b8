// Real threads at one channel, some of which are killed in the middle: whatever was sent is
// received once, each sender's in its order, but for what the dead had in their hands.

import { expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { channel } from '../../src/parts/channel.ts';
import type { CourierOrders } from '../../workers/courier.ts';
import { EMPTY, NAME, Office, type Courier } from '../support/threads/couriers.ts';
import { launch } from '../support/threads/launch.ts';
import type { SeatName } from '../support/threads/seats.ts';

test.each([
  [1, 1],
  [3, 1],
  [64, 16],
])('all that is sent is received, with room for %d, %d at a time', async (capacity, batch) => {
  const office = new Office(capacity, 2000, false);
  for (let i = 0; i < 3; i++) office.hire('sends', batch);
  office.hire('receives', batch);
  office.hire('receives', 4);
  office.hire('receives async', 1);
  await office.close();
  expect(office.toll()).toEqual({ missing: 0, twice: 0, late: 0 });
  expect(office.remains()).toEqual(EMPTY);
});

test('threads are killed: only what the dead had is missing, and that is freed', async () => {
  const batch = 8;
  const office = new Office(16, 6000, true);
  for (let i = 0; i < 3; i++) office.hire('sends', batch);
  for (let i = 0; i < 3; i++) office.hire('receives', batch);
  const [first, second] = office.senders as [Courier, Courier];
  const [one, two] = office.receivers as [Courier, Courier];
  const kills = [office.kill(first, 300), office.kill(one, 500), office.kill(second, 2000)];
  await Promise.all([...kills, office.kill(two, 2500)]);
  await office.close();
  const { missing, ...rest } = office.toll();
  expect(rest).toEqual({ twice: 0, late: 0 });
  expect(missing, 'in the hands of two receivers').toBeLessThanOrEqual(2 * batch);
  expect(office.remains()).toEqual(EMPTY);
});

test('a channel that all make at once is one', async () => {
  const heap = SharedHeap.create({ size: '4MiB', trackOwners: true, maxSlots: 16 });
  const ledger = new Int32Array(new SharedArrayBuffer(64));
  const orders = { heap: heap.handle, name: NAME, capacity: 100, role: 'sends', ledger } as const;
  const couriers = Array.from({ length: 6 }, (_, i) => {
    const one = { ...orders, number: i + 1, count: 5, batch: 1 };
    return launch<SeatName>('courier', one satisfies CourierOrders);
  });
  for (const { ended } of couriers) await ended;
  const opened = channel(heap, NAME);
  if (!opened.ok) throw new Error(opened.error.message);
  const out = new Array<number>(64).fill(0);
  expect(opened.value.receiveMany(out)).toEqual({ ok: true, value: 30 });
  expect(heap.freeMany(out.slice(0, 30))).toBe(30);
  expect(heap.stats().liveBlocks).toBe(1);
  heap.detach();
});
