// `npm run bench`: measures the heap and its peers, alternately, one workload after another.
//
//   exit status   0   every row was measured
//                 1   a side failed: a wrong block, a refused free, an unsound heap
//                 2   a bad option, or nothing to measure
import { writeFileSync } from 'node:fs';
import { compile, type Program } from './native/compile.ts';
import { findLibraries } from './native/libraries.ts';
import { paintFor } from './replay/style.ts';
import { OURS, type Contest } from './suite/contest.ts';
import { surroundings } from './suite/machine.ts';
import { FULL, QUICK } from './suite/measure.ts';
import { choose, readOptions, REFUSED, type Options } from './suite/options.ts';
import { CONTESTS } from './suite/rows.ts';
import { run, type Natives, type RowResult } from './suite/run.ts';
import { formatGroup, formatSurroundings, LEGEND } from './suite/table.ts';

const FAILED = 1;

async function bench(options: Options): Promise<number> {
  const contests = choose(CONTESTS, options.only).map((it) => (options.versus ? it : alone(it)));
  if (contests.length === 0) return refuse('no row has such a name: try --list');
  if (options.list) return list(contests);
  const program = options.versus ? compile() : 'no C, as there are no peers';
  try {
    return await measureAll(contests, options, program);
  } finally {
    if (typeof program !== 'string') program.remove();
  }
}

async function measureAll(
  contests: readonly Contest[],
  options: Options,
  program: Program | string,
): Promise<number> {
  const where = surroundings();
  const compiler = typeof program === 'string' ? program : program.compiler;
  console.log(`${formatSurroundings(where, compiler)}\n`);
  const natives = typeof program === 'string' ? null : nativesOf(program);
  const rows = await play(contests, options, natives);
  console.log(LEGEND);
  if (options.json !== undefined) {
    const libraries = natives?.libraries ?? [];
    const text = JSON.stringify({ ...where, compiler, libraries, rows }, null, 2);
    writeFileSync(options.json, `${text}\n`);
  }
  return rows.every(({ failures }) => failures.length === 0) ? 0 : FAILED;
}

function nativesOf(program: Program): Natives {
  const { libraries, missing } = findLibraries();
  if (missing.length > 0) console.log(`Not found, so left out: ${missing.join(', ')}.\n`);
  return { program, libraries };
}

// Each group's table is printed when its last row is there.
async function play(
  contests: readonly Contest[],
  { quick }: Options,
  natives: Natives | null,
): Promise<RowResult[]> {
  const rows: RowResult[] = [];
  for (const [index, contest] of contests.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${contest.name} …\r`);
    rows.push(await run(contest, quick ? QUICK : FULL, natives));
    if (process.stderr.isTTY) process.stderr.write('\x1b[K');
    if (contests[index + 1]?.group === contest.group) continue;
    const group = rows.filter((row) => row.group === contest.group);
    console.log(`${formatGroup(group, paintFor(process.stdout))}\n`);
  }
  return rows;
}

function alone(contest: Contest): Contest {
  const ours = contest.peers.filter((peer) => peer.startsWith(OURS) || peer === 'loop alone');
  return { ...contest, peers: ours };
}

function list(contests: readonly Contest[]): number {
  for (const { group, name } of contests) console.log(`${group}: ${name}`);
  return 0;
}

function refuse(reason: string): number {
  console.error(`error: ${reason}`);
  return REFUSED;
}

process.exitCode = await bench(readOptions(process.argv.slice(2)));
