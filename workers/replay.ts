// `npm start`: replays real programs' allocation traffic through a pool of threads on one heap, and
// reports what it saw.
//
//   exit status   0   every block kept its stamp, nothing failed or leaked, the heap is sound
//                 1   something of that is not so, or a worker failed
//                 2   a bad option, or a trace that cannot be read or is damaged
//               130   interrupted; the report is of what was done until then
//               141   nobody reads the report
import { writeFileSync } from 'node:fs';
import { hireCrew } from '../bench/replay/crew.ts';
import { readOptions, type Options } from '../bench/replay/options.ts';
import { drawHeap } from '../bench/replay/picture.ts';
import { prepare } from '../bench/replay/prepare.ts';
import { Progress } from '../bench/replay/progress.ts';
import { formatReport } from '../bench/replay/report.ts';
import { Run, type Report } from '../bench/replay/run.ts';
import { formatBytes, paintFor } from '../bench/replay/style.ts';

const UNSOUND = 1;
const INTERRUPTED = 130;
const UNREAD = 141;

function statusOf(report: Report): number {
  if (report.interrupted) return INTERRUPTED;
  return report.sound ? 0 : UNSOUND;
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
  const { workers, copies, trace } = options;
  const what = `${trace.length} traces, ${copies} copies of each at once, ${workers} workers`;
  console.log(`${what}, one heap of ${formatBytes(heap.handle.byteLength)} (${heap.mode})`);
  const crew = hireCrew(workers);
  const progress = new Progress();
  const run = new Run(heap, crew, turns, progress);
  process.once('SIGINT', () => run.stop());
  try {
    const report = await run.play(options.seconds);
    progress.end();
    show(report, run);
    if (json !== null) writeFileSync(json, JSON.stringify(report, null, 2));
    return statusOf(report);
  } finally {
    progress.end();
    await crew.dismiss();
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
