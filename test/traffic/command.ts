// The program behind `npm start`, started as a user starts it, and traffic for it to replay.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { OP } from '../../bench/replay/trace.ts';
import type { Recorded } from './recording.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/workers/replay.js');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end; `onOutput` is told of all that it has printed, and may interrupt it. */
export function startIn(
  folder: string,
  args: readonly string[],
  onOutput?: (interrupt: () => void, stdout: string) => void,
): Promise<Outcome> {
  // Where CI is set, many programs colour even what goes into a pipe.
  const { NO_COLOR: _plain, FORCE_COLOR: _coloured, ...rest } = process.env;
  const env = { ...rest, CI: 'true', npm_lifecycle_event: 'test' };
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, env });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    texts.stdout += data.toString();
    onOutput?.(() => child.kill('SIGINT'), texts.stdout);
  });
  child.stderr.on('data', (data: Buffer) => (texts.stderr += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...texts }));
  });
}

// Threads that pass every block on, grow some, and leave each hundredth to the sweep.
export function traffic(threads: number, blocks: number): Recorded[] {
  return Array.from({ length: blocks }, (_, block): Recorded[] => {
    const thread = block % threads;
    const born = {
      op: OP.ALLOC,
      thread,
      block,
      size: (block * 37) % 6000,
      align: block % 50 ? 0 : 8,
    };
    const grown = {
      op: OP.REALLOC,
      thread: (block + 1) % threads,
      block,
      size: (block * 71) % 9000,
    };
    const dead = { op: OP.FREE, thread: (block + 2) % threads, block };
    return [born, ...(block % 3 ? [] : [grown]), ...(block % 100 ? [dead] : [])];
  }).flat();
}
