// The workloads by themselves, on our heap and on allocators that go wrong: each leaves the heap
// sound and empty, and none overlooks a block that was lost or handed out twice.
import { describe, expect, test } from 'vitest';
import { HANDOVER_CONTESTS } from '../../bench/suite/handover.ts';
import { TIER_CONTESTS } from '../../bench/suite/ours.ts';
import { CONTESTS } from '../../bench/suite/rows.ts';
import { SHARED_WORDS, startWork } from '../../bench/workloads/start.ts';
import type { Ground, Job, Part, Work } from '../../bench/workloads/work.ts';
import { SharedHeap } from '../../src/index.ts';

// A ring that is shorter than a turn needs its two ends at the same time.
const oneAfterTheOther = [...CONTESTS, ...TIER_CONTESTS, ...HANDOVER_CONTESTS].filter(
  ({ job }) => job.size < 64 * 1024 || job.workload !== 'ring',
);

function partsOf(job: Job): Part[] {
  const shared = new Int32Array(new SharedArrayBuffer(SHARED_WORDS * 4));
  return Array.from({ length: job.threads }, (_, thread) => ({ ...job, thread, shared }));
}

function worksOn(ground: Ground, job: Job): Work[] {
  return partsOf(job).map((part) => startWork(ground, part));
}

describe('a workload', () => {
  test.each(oneAfterTheOther.map(({ name, job }) => [name, job] as const))(
    'leaves the heap sound, with nothing live: %s',
    (_name, job) => {
      const heap = SharedHeap.create({ size: '128MiB' });
      const works = worksOn({ heap, words: heap.i32 }, job);
      for (let turn = 0; turn < 3; turn++) for (const work of works) work.turn();
      const during = heap.stats().liveBlocks;
      const keeps = ['mixed', 'larson', 'steady'].includes(job.workload);
      expect(during).toBe(keeps ? job.live * job.threads : 0);
      for (const work of works) work.finish();
      expect(heap.stats()).toMatchObject({ liveBlocks: 0, doubleFrees: 0, invalidFrees: 0 });
      expect(heap.validate()).toEqual([]);
      heap.detach();
    },
  );

  const job: Job = { workload: 'batch', threads: 1, size: 64, live: 10 };
  const words = new Int32Array(1024);

  test('fails when a block is handed out twice', () => {
    const [work] = worksOn({ heap: { alloc: () => 64, free: () => true }, words }, job);
    expect(() => work!.turn()).toThrow('lost its token');
  });

  test('fails when a free is refused', () => {
    let next = 0;
    const heap = { alloc: () => (next += 64), free: () => false };
    const [work] = worksOn({ heap, words }, job);
    expect(() => work!.turn()).toThrow('its free was refused');
  });

  test('fails when there is no block left', () => {
    const [work] = worksOn({ heap: { alloc: () => 0, free: () => true }, words }, job);
    expect(() => work!.turn()).toThrow('no block of 64 bytes');
  });
});
