// The heap in other people's thread pools, and a process that has nothing left to do.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import { describe, expect, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import type { SquareResult, SquareTask } from '../../workers/clerk.ts';
import { IMPORTS, programOf } from '../support/threads/start.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TASKS = 60;
const LENGTH = 1000;

interface Pool {
  run(task: SquareTask): Promise<SquareResult>;
  destroy(): Promise<void>;
}

const clerk = { filename: programOf('clerk').href, name: 'square' };
const options = { ...clerk, minThreads: 3, maxThreads: 3, ...IMPORTS };
const pools: [string, () => Pool][] = [
  ['piscina', () => new Piscina<SquareTask, SquareResult>(options) as Pool],
  ['tinypool', () => new Tinypool({ ...options, runtime: 'worker_threads' })],
];

describe.each(pools)('tasks of %s', (_, open) => {
  test('attach by a handle, once for each worker, and return pointers', async () => {
    const heap = SharedHeap.create({ size: '16MiB' });
    const ptr = heap.alloc(LENGTH * 8);
    const numbers = heap.view(ptr, Float64Array, LENGTH).map((_unused, i) => i / 7);
    heap.view(ptr, Float64Array, LENGTH).set(numbers);
    const pool = open();
    const task = { heap: heap.handle, ptr, length: LENGTH };
    const results = await Promise.all(Array.from({ length: TASKS }, () => pool.run(task)));
    await pool.destroy();
    const squares = numbers.map((x) => x * x);
    for (const result of results) {
      expect(heap.view(result.ptr, Float64Array, LENGTH)).toEqual(squares);
    }
    const seats = new Set(results.map(({ thread, slot }) => `thread ${thread}: slot ${slot}`));
    expect(seats.size).toBe(new Set(results.map(({ thread }) => thread)).size);
    expect(seats.size).toBe(new Set(results.map(({ slot }) => slot)).size);
    expect(heap.freeMany(results.map((result) => result.ptr))).toBe(TASKS);
    expect(heap.stats().liveBlocks).toBe(1);
  });
});

/** What every program below begins with; it runs in the root of the repository. */
const PROLOGUE = `
  const { Worker } = require('node:worker_threads');
  const { Piscina } = await import('piscina');
  const { Tinypool } = await import('tinypool');
  const { SharedHeap } = await import('./dist/src/index.js');
  const heap = SharedHeap.create({ size: '16MiB' });
  const task = { heap: heap.handle, ptr: heap.alloc(80), length: 10 };
  const options = ${JSON.stringify({ ...options, minThreads: 1, maxThreads: 1 })};
`;

const TASK = `
  const { workerData } = require('node:worker_threads');
  import(${JSON.stringify(options.filename)}).then(({ square }) => square(workerData));
`;

const programs: [string, string][] = [
  ['after create, with a block still live', ''],
  [
    'after a worker that never detached',
    `new Worker(${JSON.stringify(TASK)}, { eval: true, workerData: task });`,
  ],
  [
    'after a pool of piscina',
    `const pool = new Piscina(options); await pool.run(task); await pool.destroy();`,
  ],
  [
    'after a pool of tinypool',
    `const pool = new Tinypool({ ...options, runtime: 'worker_threads' });
     await pool.run(task); await pool.destroy();`,
  ],
];

describe('a process whose work is done ends by itself', () => {
  test.each(programs)('%s', (_, program) => {
    const code = `(async () => { ${PROLOGUE} ${program} console.log('done'); })();`;
    const hangs = { cwd: ROOT, encoding: 'utf8', timeout: 30_000 } as const;
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', code], hangs);
    expect({ status, signal, stderr, stdout }).toEqual({
      status: 0,
      signal: null,
      stderr: '',
      stdout: 'done\n',
    });
  });
});
