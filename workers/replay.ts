// `npm start`: replays real programs' allocation traffic through a pool of threads on one heap, and
// reports what it saw; then does so again while workers are killed at random, and counts what that
// has cost.
//
//   exit status   0   every block kept its stamp, nothing failed or leaked, the heaps are sound
//                 1   something of that is not so, or a worker failed
//                 2   a bad option, or a trace that cannot be read or is damaged
//               130   interrupted; the report is of what was done until then
//               141   nobody reads the report
import { writeFileSync } from 'node:fs';
import { hireCrew } from '../bench/replay/crew.ts';
import { Onlookers } from '../bench/replay/onlookers.ts';
import { readOptions, type Options } from '../bench/replay/options.ts';
import { drawHeap } from '../bench/replay/picture.ts';
import type { Turn } from '../bench/replay/plan.ts';
import { prepare } from '../bench/replay/prepare.ts';
import { Progress } from '../bench/replay/progress.ts';
import { formatReport } from '../bench/replay/report.ts';
import { Run, type Report } from '../bench/replay/run.ts';
import { formatBytes, paintFor } from '../bench/replay/style.ts';
import { Siege, type SiegePlan, type SiegeReport } from '../bench/siege/siege.ts';
import { formatSiege } from '../bench/siege/table.ts';
import type { SharedHeap } from '../src/index.ts';

const UNSOUND = 1;
const INTERRUPTED = 130;
const UNREAD = 141;
const SIEGE_SHARE = 1 / 4; // of the seconds asked for
const LEAST_SIEGE_SECONDS = 5;

/** Who is shown how far it is. */
interface Viewers {
  readonly progress: Progress;
  readonly onlookers: Onlookers;
}

function statusOf(report: Report, siege: SiegeReport | null): number {
  if (report.interrupted || siege?.interrupted === true) return INTERRUPTED;
  return report.sound && siege?.sound !== false ? 0 : UNSOUND;
}

function show(report: Report, run: Run): void {
  const paint = paintFor(process.stdout);
  if (run.fullest !== null) {
    const { stats, extents } = run.fullest;
    console.log(`\nThe heap at its fullest\n${drawHeap(extents, stats.pageBytes, paint)}`);
  }
  console.log(`\n${formatReport(report, paint, process.stdout.columns)}`);
}

async function replay(options: Options): Promise<number> {
  const { turns, heap, json } = prepare(options);
  const onlookers = await Onlookers.invite(options, heap);
  const { workers, copies, trace, killEvery } = options;
  const what = `${trace.length} traces, ${copies} copies of each at once, ${workers} workers`;
  console.log(`${what}, one heap of ${formatBytes(heap.handle.byteLength)} (${heap.mode})`);
  const progress = new Progress(!options.watch);
  const siegeSeconds = killEvery === undefined ? 0 : siegeTime(options.seconds);
  const viewers = { progress, onlookers };
  const report = await play(heap, turns, options.seconds - siegeSeconds, workers, viewers);
  const traces = turns.at(-1)!.traces; // the last turn has all of them
  const plan = { traces, workers, seconds: siegeSeconds, mode: heap.mode };
  const siege =
    killEvery === undefined || report.interrupted
      ? null
      : await besiege({ ...plan, killEveryMs: killEvery }, viewers);
  if (json !== null) writeFileSync(json, JSON.stringify({ ...report, siege }, null, 2));
  return statusOf(report, siege);
}

function siegeTime(seconds: number): number {
  return Math.max(LEAST_SIEGE_SECONDS, seconds * SIEGE_SHARE);
}

async function play(
  heap: SharedHeap,
  turns: readonly Turn[],
  seconds: number,
  workers: number,
  { progress, onlookers }: Viewers,
): Promise<Report> {
  const crew = hireCrew(workers);
  const run = new Run(heap, crew, turns, progress);
  const stop = (): void => run.stop();
  process.once('SIGINT', stop);
  try {
    const report = await run.play(seconds);
    progress.end();
    await onlookers.dismiss();
    show(report, run);
    return report;
  } finally {
    process.off('SIGINT', stop);
    progress.end();
    await onlookers.dismiss();
    await crew.dismiss();
  }
}

async function besiege(plan: SiegePlan, { progress, onlookers }: Viewers): Promise<SiegeReport> {
  const siege = new Siege(plan, (milliseconds, kills) => progress.onKills(milliseconds, kills));
  const stop = (): void => siege.stop();
  process.once('SIGINT', stop);
  progress.onSiege(plan.seconds * 1000);
  await onlookers.turnTo(siege.heap);
  try {
    const report = await siege.run();
    progress.end();
    await onlookers.dismiss();
    console.log(`\n${formatSiege(report, paintFor(process.stdout))}`);
    return report;
  } finally {
    process.off('SIGINT', stop);
    progress.end();
    await onlookers.dismiss();
  }
}

process.stdout.on('error', () => process.exit(UNREAD));
replay(readOptions(process.argv.slice(2))).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error('error:', error);
    process.exitCode = UNSOUND;
  },
);
