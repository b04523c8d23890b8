// Real workers that share blocks by references, some of them ended by force at any moment: what is
// held stays as it is, and when the last of them has gone nothing is left.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SharedHeap, type HeapOptions } from '../../src/index.ts';
import type { SharerOrders } from '../../workers/sharer.ts';
import { Dice } from '../support/dice.ts';
import { launch, type Launched } from '../support/threads/launch.ts';
import { bury, type SeatName } from '../support/threads/seats.ts';
import { signal, SIGNAL, signalWords } from '../support/threads/signals.ts';
import { seedOf } from '../support/threads/start.ts';

const SHARERS = 3;
const KILLS = 5 * Number(process.env['AT_RUNS'] ?? 1);

test.each<[string, HeapOptions, number]>([
  ['few references each', {}, 10],
  ['more than there is memory for', {}, 1500],
  ['the simple heap', { mode: 'simple-heap' }, 40],
])('nothing is freed early, and nothing lost, whoever was killed: %s', async (_, options, most) => {
  const seed = seedOf('sharing');
  const random = new Dice(seed);
  const heap = SharedHeap.create({ size: '8MiB', trackOwners: true, maxSlots: 4, ...options });
  const signals = signalWords();
  const cells = new BigInt64Array(new SharedArrayBuffer(16 * 8));
  let hired = 0;
  const hire = async (): Promise<Launched<SeatName>> => {
    const orders = { heap: heap.handle, signals, seed: seed + ++hired, cells, most };
    const sharer = launch<SeatName>('sharer', orders satisfies SharerOrders);
    await sharer.first;
    return sharer;
  };
  const sharers: Launched<SeatName>[] = [];
  for (let i = 0; i < SHARERS; i++) sharers.push(await hire());
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(random.below(30));
    const which = random.below(SHARERS);
    const victim = sharers[which] as Launched<SeatName>;
    await victim.kill();
    expect(await victim.thrown).toBeNull();
    await bury(heap, await victim.first);
    sharers[which] = await hire();
  }
  expect(heap.validate()).toEqual([]);
  signal(signals, SIGNAL.STOP);
  expect(await Promise.all(sharers.map(({ thrown }) => thrown))).toEqual(sharers.map(() => null));
  const { liveBlocks, references, invalidFrees, doubleFrees, recoveries } = heap.stats();
  expect(references).toMatchObject({ held: 0, holders: 0 });
  expect(references.copies, 'some had to copy').toBeGreaterThan(0);
  expect([liveBlocks, invalidFrees, doubleFrees, recoveries.count]).toEqual([0, 0, 0, KILLS]);
  heap.reclaim();
  expect(heap.stats().freePages).toBe(heap.stats().pages);
  expect(heap.validate()).toEqual([]);
  heap.detach();
});
