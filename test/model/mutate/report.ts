// The report: per file how many mutants there were, how they ended, and the score, which is the
// share of those that were found among those that some scenario comes to.

import Table from 'cli-table3';
import type { Outcome, Tried } from './crew.ts';

export interface Line {
  readonly file: string;
  readonly mutants: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly notCovered: number;
  /** Per cent; null where nothing is covered. */
  readonly score: number | null;
}

function lineOf(file: string, tried: readonly Tried[]): Line {
  const count = (outcome: Outcome) => tried.filter((it) => it.outcome === outcome).length;
  const [killed, timeout] = [count('killed'), count('timeout')];
  const [survived, notCovered] = [count('survived'), count('not covered')];
  const covered = tried.length - notCovered;
  const score = covered === 0 ? null : Math.round((1000 * (killed + timeout)) / covered) / 10;
  return { file, mutants: tried.length, killed, timeout, survived, notCovered, score };
}

/** A line for each file, and the last for all. */
export function linesOf(tried: readonly Tried[]): Line[] {
  const files = [...new Set(tried.map((it) => it.mutation.path))].sort();
  const own = (file: string) => tried.filter((it) => it.mutation.path === file);
  return [...files.map((file) => lineOf(file, own(file))), lineOf('all', tried)];
}

export function tableOf(lines: readonly Line[]): string {
  const table = new Table({
    head: ['file', 'mutants', 'killed', 'timeout', 'survived', 'not covered', 'score'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { file, mutants, killed, timeout, survived, notCovered, score } of lines) {
    const percent = score === null ? '' : `${score.toFixed(1)} %`;
    table.push([file, mutants, killed, timeout, survived, notCovered, percent]);
  }
  return table.toString();
}

export function survivorsOf(tried: readonly Tried[]): string[] {
  return tried
    .filter((it) => it.outcome === 'survived')
    .map(({ mutation }) => mutation)
    .sort((a, b) => a.path.localeCompare(b.path) || a.start - b.start)
    .map(({ path, line, operator, tells }) => `${path}:${line}  ${tells}  (${operator})`);
}
