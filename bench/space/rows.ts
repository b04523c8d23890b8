// The rows that a study of space comes to: what was held, by everybody who could say it, against
// what was asked for.
import { figuresOf, judgeBy, NO_GOAL, type Unit, type Verdict } from '../suite/figures.ts';
import type { SideFigures } from '../suite/figures.ts';
import { rowResult, type RowResult } from '../suite/run.ts';
import type { Holding, OwnHolding } from './holding.ts';
import { SIMPLE, TWO_TIER, type Held } from './tenants.ts';

const SPARE_BYTES = 256 * 1024; // of one thread
const MOST_SHARE = 1.15;
const MOST_RESIDENT = 1.2;
const MOST_METADATA = 0.08;

type Rule = readonly [words: string, limit: number];

/** The peak of what is held, against the peak of what was asked for. */
export function peakRow(group: string, held: Held): RowResult {
  const { peakBytes, name } = held.requests;
  const limit = MOST_SHARE + SPARE_BYTES / peakBytes;
  const sides = everybody(held, (it) => it.peakBytes / peakBytes);
  return row(group, `${name}, peak held ÷ live`, 'times', sides, held, ['≤ 1.15 + 256 KiB', limit]);
}

/** What is resident when the requests have ended: of ours pages in use, and metadata. */
export function residentRow(group: string, held: Held): RowResult {
  const { endBytes, name } = held.requests;
  const whole = (it: Holding): number => (it.endBytes + metadataOf(it)) / endBytes;
  const sides = everybody(held, whole);
  return row(group, `${name}, resident ÷ live`, 'times', sides, held, ['≤ 1.2', MOST_RESIDENT]);
}

export function metadataRow(group: string, held: Held): RowResult {
  const sides = ours(held, (it) => it.metadataBytes / it.peakBytes);
  const rule: Rule = ['≤ 8 %', MOST_METADATA];
  return row(group, `${held.requests.name}, metadata ÷ held`, 'percent', sides, held, rule);
}

/** What has not come back after all was freed; of ours also what came back in pieces. */
export function afterRow(group: string, held: Held): RowResult {
  const kept = (it: Holding): number => Math.max(0, it.afterBytes) + brokenOf(it);
  const name = `${held.requests.name}, kept when empty`;
  return row(group, name, 'bytes', everybody(held, kept), held, ['0, all merged', 0]);
}

/** The rest of the seed's own table: two-tier against simple-heap, after long use. */
export function tierRows(group: string, held: Held): RowResult[] {
  const { endBytes } = held.requests;
  const fragmented = ours(held, (it) => 1 - it.blockBytes / it.reclaimedBytes);
  const overhead = ours(held, (it) => (it.endBytes + it.metadataBytes - endBytes) / endBytes);
  const { name } = held.requests;
  return [
    versus(group, `fragmentation, ${name}`, fragmented, held, 5),
    versus(group, `overhead, ${name}`, overhead, held, 2),
  ];
}

function versus(
  group: string,
  name: string,
  sides: readonly SideFigures[],
  held: Held,
  times: number,
): RowResult {
  const [twoTier, simple] = [TWO_TIER, SIMPLE].map((side) => sides.find((it) => it.name === side));
  const limit = simple === undefined ? null : () => simple.median / times;
  const verdict = judgeBy(`≤ ${SIMPLE} ÷ ${times}`, twoTier, limit);
  return { ...row(group, name, 'percent', sides, held, null), verdict };
}

function row(
  group: string,
  name: string,
  unit: Unit,
  sides: readonly SideFigures[],
  { failures }: Held,
  rule: Rule | null,
): RowResult {
  const verdict = rule === null ? NO_GOAL : verdictBy(rule, sides);
  return rowResult(group, name, unit, sides, verdict, failures);
}

function verdictBy([words, limit]: Rule, sides: readonly SideFigures[]): Verdict {
  const side = sides.find(({ name }) => name === TWO_TIER);
  return judgeBy(words, side, () => limit);
}

function metadataOf(it: Holding | OwnHolding): number {
  return 'metadataBytes' in it ? it.metadataBytes : 0;
}

function brokenOf(it: Holding | OwnHolding): number {
  return 'unmergedBytes' in it ? it.unmergedBytes : 0;
}

function ours(held: Held, figure: (it: OwnHolding) => number): SideFigures[] {
  return [...held.ours].map(([name, it]) => figuresOf(name, [figure(it)]));
}

function everybody(held: Held, figure: (it: Holding) => number): SideFigures[] {
  const natives = [...held.natives].map(([name, it]) => figuresOf(name, [figure(it)], true));
  return [...ours(held, figure), ...natives];
}
