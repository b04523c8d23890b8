// Runtimes other than Node: in short what `npm run runtimes` plays at length, by this Node, and by
// Bun and Deno where they are. What plays it plays this file too, as AT_RUNTIME says.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { findRuntimes, missingAmong } from '../support/runtimes/found.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PLAYED = process.env['AT_RUNTIME'];
const LIMIT_MS = 240_000;

/** What a thread of worker_threads is played by: Bun and Deno say that they are Node as well. */
const WHO = `
  const { parentPort } = require('node:worker_threads');
  const { bun, deno, node } = process.versions;
  parentPort.postMessage(bun ? 'Bun ' + bun : deno ? 'Deno ' + deno : 'Node ' + node);`;

describe.runIf(PLAYED !== undefined)('in a runtime', () => {
  test('the threads that it starts are its own', async () => {
    const worker = new Worker(WHO, { eval: true });
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe(PLAYED);
  });
});

describe.runIf(PLAYED === undefined)('threads share a heap', () => {
  const found = findRuntimes(ROOT);
  for (const line of missingAmong(found)) console.warn(line);

  test.each(found)(
    'in $name',
    async ({ name }) => {
      const { status, output } = await playShort(name);
      expect({ status, output }).toMatchObject({ status: 0 });
      expect(output).toContain(`|  | ${name} |`);
      expect(output).toMatch(/that runtime’s \| 1 \|/);
    },
    LIMIT_MS,
  );
});

function playShort(name: string): Promise<{ status: number | null; output: string }> {
  const program = 'dist/test/support/runtimes/runtimes.js';
  const args = [program, '--short', '--only', name];
  const child = spawn(process.execPath, args, { cwd: ROOT, timeout: LIMIT_MS });
  let output = '';
  child.stdout.on('data', (text: Buffer) => void (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => void (output += text.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output })));
}
