// `npm run bench`: measures the heap and its peers, alternately, one workload after another.
//
//   exit status   0   every row was measured
//                 1   a side failed: a wrong block, a refused free, an unsound heap
//                 2   a bad option, or nothing to measure
import { writeFileSync } from 'node:fs';
import { compile, type Programs } from './native/compile.ts';
import { findLibraries } from './native/libraries.ts';
import { picturesOf } from './pictures/pictures.ts';
import { resultsFolder, save } from './pictures/results.ts';
import { paintFor } from './replay/style.ts';
import { STUDIES } from './suite/catalogue.ts';
import { NO_GOAL } from './suite/figures.ts';
import { surroundings } from './suite/machine.ts';
import { FULL, QUICK } from './suite/measure.ts';
import { choose, readOptions, REFUSED, type Options } from './suite/options.ts';
import { attempt, rowResult, type Failure, type Natives, type RowResult } from './suite/run.ts';
import type { Setting, Study } from './suite/study.ts';
import { formatGroup, formatSurroundings, LEGEND } from './suite/table.ts';

const FAILED = 1;

async function bench(options: Options): Promise<number> {
  const studies = choose(STUDIES, options);
  if (studies.length === 0) return refuse('no row has such a name: try --list');
  if (options.list) return list(studies);
  const programs = options.versus ? compile() : 'no C, as there are no peers';
  try {
    return await measureAll(studies, options, programs);
  } finally {
    if (typeof programs !== 'string') programs.remove();
  }
}

async function measureAll(
  studies: readonly Study[],
  options: Options,
  programs: Programs | string,
): Promise<number> {
  const where = surroundings();
  const compiler = typeof programs === 'string' ? programs : programs.compiler;
  console.log(`${formatSurroundings(where, compiler)}\n`);
  const natives = typeof programs === 'string' ? null : nativesOf(programs);
  const rows = await play(studies, options, natives);
  console.log(LEGEND);
  if (options.json !== undefined) {
    const libraries = natives?.libraries ?? [];
    const text = JSON.stringify({ ...where, compiler, libraries, rows }, null, 2);
    writeFileSync(options.json, `${text}\n`);
  }
  if (draws(options)) {
    const pictures = picturesOf(rows, where);
    for (const path of save(pictures, resultsFolder())) console.log(`drawn: ${path}`);
  }
  return rows.every(({ failures }) => failures.every(({ harmless }) => harmless)) ? 0 : FAILED;
}

// What a part of the suite or short rounds came to is no result to keep.
function draws({ pictures, quick, only }: Options): boolean {
  return pictures ?? (!quick && only.length === 0);
}

function nativesOf(programs: Programs): Natives {
  const { libraries, missing } = findLibraries();
  if (missing.length > 0) console.log(`Not found, so left out: ${missing.join(', ')}.\n`);
  return { programs, libraries };
}

// A group's table is printed when its last study is done.
async function play(
  studies: readonly Study[],
  { quick, versus }: Options,
  natives: Natives | null,
): Promise<RowResult[]> {
  const setting = { pace: quick ? QUICK : FULL, quick, versus, natives };
  const rows: RowResult[] = [];
  let printed = 0;
  for (const [index, study] of studies.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${study.name} …\r`);
    rows.push(...(await rowsOf(study, setting)));
    if (process.stderr.isTTY) process.stderr.write('\x1b[K');
    if (studies[index + 1]?.group === study.group) continue;
    for (const group of groupsOf(rows.slice(printed))) {
      console.log(`${formatGroup(group, paintFor(process.stdout))}\n`);
    }
    printed = rows.length;
  }
  return rows;
}

// A study that fails as a whole is a row without figures.
async function rowsOf(study: Study, setting: Setting): Promise<readonly RowResult[]> {
  const failures: Failure[] = [];
  let rows: readonly RowResult[] = [];
  await attempt('all of it', failures, async () => (rows = await study.play(setting)));
  if (failures.length === 0) return rows;
  return [rowResult(study.group, study.name, 'ns', [], NO_GOAL, failures)];
}

function groupsOf(rows: readonly RowResult[]): RowResult[][] {
  const names = [...new Set(rows.map(({ group }) => group))];
  return names.map((name) => rows.filter(({ group }) => group === name));
}

function list(studies: readonly Study[]): number {
  for (const { group, name } of studies) console.log(`${group}: ${name}`);
  return 0;
}

function refuse(reason: string): number {
  console.error(`error: ${reason}`);
  return REFUSED;
}

process.exitCode = await bench(readOptions(process.argv.slice(2)));
