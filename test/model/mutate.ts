#!/usr/bin/env node
// npm run mutate: wrongs made by rule, one at a time, all over the sources, and the short model run
// as what has to notice each. Prints a table and a score; the survivors are worth a look each.
//
//   npm run mutate -- --minutes 25 --seed 7 --survivors
//   npm run mutate -- --file src/page --json mutate.json

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { tryAll, type Job, type Tried } from './mutate/crew.ts';
import { jobsOf, type Choice } from './mutate/jobs.ts';
import { linesOf, survivorsOf, tableOf } from './mutate/report.ts';

interface Options extends Choice {
  readonly threads: number;
  readonly minutes: number;
  readonly json?: string;
  readonly survivors?: true;
}

function counting(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('not a count');
  return value;
}

function optionsOf(argv: readonly string[]): Options {
  return new Command('mutate')
    .description('Does small wrongs to the sources and counts those that the model notices.')
    .option('--sample <n>', 'so many at random, not all', counting, Infinity)
    .option('--seed <n>', 'of the sample and the walks', counting, Math.floor(Math.random() * 2e9))
    .option('--file <text>', 'only files whose path has this in it', '')
    .option('--minutes <n>', 'begins no mutant after so many', counting, Infinity)
    .option('--ms <n>', 'for each mutant, at most', counting, 3000)
    .option('--threads <n>', 'worker threads', counting, availableParallelism())
    .option('--json <file>', 'writes every mutant and its end there')
    .option('--survivors', 'prints each survivor')
    .parse(argv)
    .opts<Options>();
}

/** Jobs as long as there is time; they come in random order, so any number is a sample. */
function* before(end: number, jobs: readonly Job[]): Iterable<Job> {
  for (const job of jobs) {
    if (performance.now() > end) return;
    yield job;
  }
}

async function mutate(options: Options): Promise<void> {
  const start = performance.now();
  const jobs = await jobsOf(options);
  const bar = new SingleBar({
    format: '{bar} {value} of {total} mutants, {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  bar.start(jobs.length, 0);
  const tried: Tried[] = [];
  const end = start + options.minutes * 60_000;
  await tryAll(before(end, jobs), Math.max(1, options.threads), (it) => {
    tried.push(it);
    bar.increment();
  });
  bar.stop();
  const lines = linesOf(tried);
  console.log(tableOf(lines));
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`seed ${options.seed}, ${seconds} s`);
  if (options.survivors) for (const line of survivorsOf(tried)) console.log(line);
  if (options.json !== undefined) {
    const { seed, sample, ms } = options;
    writeFileSync(
      options.json,
      JSON.stringify({ seed, sample, ms, seconds, lines, tried }, null, 2),
    );
  }
}

await mutate(optionsOf(process.argv));
