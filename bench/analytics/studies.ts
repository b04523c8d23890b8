// The program in both versions, each in a process of its own: how long it takes to make the index
// and to answer from it, and how much memory the process had resident, with one worker to eight; on
// the heap also while workers are killed. A side with other answers fails.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { figuresOf, NO_GOAL } from '../suite/figures.ts';
import { orderOf } from '../suite/measure.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import type { Printed } from './analytics.ts';
import type { Figures } from './outcome.ts';

const GROUP = 'analytics of a source tree';
const KILL_EVERY_MS = '50';
const SIDES: Readonly<Record<string, readonly string[]>> = {
  atomalloc: ['--side', 'heap'],
  'atomalloc, killed': ['--side', 'heap', '--kill-every', KILL_EVERY_MS],
  'messages, index cloned': ['--side', 'clones'],
  'messages, one answers': ['--side', 'main'],
};
const NAMES = Object.keys(SIDES);
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = fileURLToPath(new URL(`analytics${ENDING}`, import.meta.url));

/** What is looked at, and in which unit. */
const ROWS = [
  ['index', 'ms', ({ indexMs }: Figures) => indexMs],
  ['answers', 'ms', ({ answerMs }: Figures) => answerMs],
  ['processor', 'ms', ({ cpuMs }: Figures) => cpuMs],
  ['peak memory', 'bytes', ({ peakBytes }: Figures) => peakBytes],
] as const;

export const ANALYTICS_STUDIES: readonly Study[] = [1, 2, 4, 8].map((threads) => ({
  group: GROUP,
  name: `analytics, ${threads} worker${threads > 1 ? 's' : ''}`,
  long: threads !== 2,
  play: ({ quick }: Setting) => play(threads, quick ? 1 : 5),
}));

async function play(threads: number, rounds: number): Promise<RowResult[]> {
  const printed: Printed[][] = NAMES.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const side of orderOf(round, NAMES.length)) {
      printed[side]!.push(await run([...SIDES[NAMES[side]!]!, '--threads', String(threads)]));
    }
  }
  const failures = NAMES.flatMap((side, i) =>
    printed[i]!.flatMap((one) => complaints(one, printed[0]![0]!)).map((what) => ({ side, what })),
  );
  return ROWS.map(([name, unit, of]) => {
    const sides = NAMES.map((side, i) =>
      figuresOf(
        side,
        printed[i]!.map((it) => of(it.figures)),
      ),
    );
    return rowResult(GROUP, `${name}, ${threads}`, unit, sides, NO_GOAL, failures);
  });
}

async function run(args: readonly string[]): Promise<Printed> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args]);
  return JSON.parse(stdout) as Printed;
}

function complaints({ answers, remains }: Printed, first: Printed): string[] {
  return answers === first.answers ? [...remains] : [...remains, 'it has other answers'];
}
