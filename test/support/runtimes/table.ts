// What came of all promises by all runtimes, as a table in Markdown.

import type { Facts } from './facts.ts';
import type { Outcome } from './play.ts';
import { FACTS, LIMITS, PROMISES, REPLAY, type PromiseRow } from './promises.ts';

/** All that one runtime has shown. */
export interface Column {
  readonly name: string;
  readonly facts: Facts;
  readonly outcomes: readonly Outcome[];
  /** Whether `npm start` came out sound; null if that was not played. */
  readonly replay: boolean | null;
}

/** Tests that are no row's. */
const NONE: PromiseRow = { promise: '', files: [] };

export function tableOf(columns: readonly Column[]): string {
  const keys = Object.keys(FACTS) as (keyof Facts)[];
  const facts = keys.map((key) =>
    row(FACTS[key], columns, ({ facts: of }) => (of[key] ? 'yes' : `**no** (${letterOf(key)})`)),
  );
  const promises = PROMISES.map((it) => row(it.promise, columns, (of) => cellOf(it, of)));
  const replays = row(REPLAY, columns, wordFor);
  const head = row('', columns, ({ name }) => name);
  const rule = row('---', columns, () => '---');
  return [head, rule, ...facts, ...promises, replays].join('\n');
}

/** Failures, in words. */
export function failuresOf({ name, outcomes, replay }: Column): string[] {
  const failed = outcomes.filter(({ status }) => status === 'failed');
  const tests = failed.map((it) => `${name}: ${it.file}: ${it.name}\n${it.why}`);
  return replay === false ? [...tests, `${name}: ${REPLAY}`] : tests;
}

/** Tests that passed, those that failed, and by which facts others are not to be had. */
function cellOf(promise: PromiseRow, { outcomes, facts }: Column): string {
  const own = outcomes.filter((it) => rowOf(it) === promise);
  const count = (status: Outcome['status']) => own.filter((it) => it.status === status).length;
  const [passed, failed] = [count('passed'), count('failed')];
  const limits = LIMITS.filter(({ fact }) => !facts[fact]);
  const why = limits.filter(({ tests }) => own.some((it) => isLeftOut(it, tests)));
  const letters = why.map(({ fact }) => letterOf(fact)).join(' ');
  const least = letters === '' ? '–' : `no (${letters})`;
  if (failed > 0) return `**${failed} of ${passed + failed} failed**`;
  if (passed === 0) return least;
  return letters === '' ? `${passed}` : `${passed} (${letters})`;
}

function isLeftOut({ status, name }: Outcome, tests: RegExp): boolean {
  return status === 'skipped' && tests.test(name);
}

function rowOf({ file, name }: Outcome): PromiseRow {
  const isIn = ({ files, tests }: PromiseRow) =>
    files.includes(file) && (tests === undefined || tests.test(name));
  return PROMISES.find(isIn) ?? NONE;
}

function letterOf(key: keyof Facts): string {
  return String.fromCharCode('a'.charCodeAt(0) + Object.keys(FACTS).indexOf(key));
}

function wordFor({ replay, facts }: Column): string {
  if (replay === null) return '–';
  const kept = facts.exitIsEnd ? 'sound' : `sound, no kills (${letterOf('exitIsEnd')})`;
  return replay ? kept : '**unsound**';
}

function row(first: string, columns: readonly Column[], cell: (of: Column) => string): string {
  return `| ${[first, ...columns.map(cell)].join(' | ')} |`;
}
