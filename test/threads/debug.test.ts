// Real workers in a debug heap: what one does to its blocks is found by another, who can say which
// seat it was and where in its program; also after the worker has been ended by force.

import { expect, test } from 'vitest';
import { SharedHeap, type Finding } from '../../src/index.ts';
import type { CarelessOrders, CarelessReport } from '../../workers/careless.ts';
import { launch } from '../support/threads/launch.ts';
import { bury } from '../support/threads/seats.ts';

test.each([
  ['leaves', 40, true],
  ['leaves', 100_000, true],
  ['is ended by force', 40, false],
  ['is ended by force', 100_000, false],
])('a worker that %s: what it did to blocks of %d bytes', async (_, size, leaves) => {
  const heap = SharedHeap.create({ size: '16MiB', debug: { stacks: true }, maxSlots: 4 });
  const found: Finding[] = [];
  heap.onDamage((finding) => void found.push(finding));
  const orders = { heap: heap.handle, size, leaves } satisfies CarelessOrders;
  const worker = launch<CarelessReport>('careless', orders);
  const { overrun, stale, freed, kept, seat, leaks } = await worker.first;
  if (!leaves) {
    await worker.kill();
    await bury(heap, seat);
  }
  const seen = heap.validate();
  expect(seen).toMatchObject([{ ptr: overrun }, { ptr: stale + 3 }].sort((a, b) => a.ptr - b.ptr));
  expect(heap.free(freed)).toBe(false);
  expect(heap.lastError?.message).toMatch(/slot 1 was the one who freed it.*\n\s*at .*careless/);
  expect(heap.leaks({ slot: 1 })).toMatchObject([
    {
      tag: '',
      blocks: 1,
      bytes: size,
      places: [{ stack: expect.stringMatching(/at overrunOne/) }],
    },
    { tag: 'kept', blocks: 1, bytes: size },
  ]);
  expect(leaks.map((leak) => leak.tag)).toEqual(leaves ? ['', 'kept'] : []);
  expect(heap.freeMany([overrun, kept])).toBe(2);
  expect(found).toMatchObject([{ where: 'red zone', ptr: overrun }]);
  expect(found[0]?.message).toMatch(/taken by slot 1\n\s*at overrunOne/);
  heap.reclaim();
  expect(heap.stats().freePages).toBe(heap.stats().pages);
  expect(heap.validate()).toMatchObject([{ where: 'freed memory', ptr: stale + 3 }]);
  heap.detach();
});
