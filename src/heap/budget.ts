// A budget as users see it: `heap.budget('decoder', { max: '64MiB' })`. It lives in the heap and is
// found by its name from every thread; this object only knows its number.

import { GRANULE } from '../word/layout.ts';
import { BUDGET } from '../word/records.ts';
import { HeapError } from '../word/errors.ts';
import { UNLIMITED } from './budgets.ts';
import { parseBytes } from './create.ts';
import type { Session } from './session.ts';

const { BYTES } = GRANULE;

/** What a budget allows; Infinity where nothing is said. */
export interface BudgetLimits {
  /** Bytes, a number or text as '64MiB'; what would be beyond fails with OVER_BUDGET. */
  readonly max?: number | string;
  /** Beyond it, who allocates has its shrinkers called for the excess (`onPressure`). */
  readonly high?: number | string;
}

/** In bytes, by the size of the blocks; a limit that is not set is Infinity. */
export interface BudgetUsage {
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly maxBytes: number;
  readonly highBytes: number;
  /** Allocations that it has refused. */
  readonly failures: number;
}

type Inside = <T>(work: (session: Session) => T) => T;

/** A named limit on memory, as one thread has it: see `SharedHeap.budget`. */
export class Budget {
  readonly name: string;
  /** Its number in the heap. */
  readonly id: number;
  private readonly inside: Inside;

  constructor(name: string, id: number, inside: Inside) {
    this.name = name;
    this.id = id;
    this.inside = inside;
  }

  /** From now on this thread's allocations are charged to it, unless they say otherwise. */
  use(): void {
    this.inside(({ on }) => on.budgets.makeUsual(this.id));
  }

  /** What is charged to it now, by all threads. Exact; costs a few loads. */
  usage(): BudgetUsage {
    return this.inside(({ on: { budgets } }) => {
      const bytes = (word: number) => budgets.get(this.id, word) * BYTES;
      const limit = (word: number) =>
        budgets.get(this.id, word) === UNLIMITED ? Infinity : bytes(word);
      return {
        usedBytes: bytes(BUDGET.USED),
        peakBytes: bytes(BUDGET.PEAK),
        maxBytes: limit(BUDGET.MAX),
        highBytes: limit(BUDGET.HIGH),
        failures: budgets.get(this.id, BUDGET.FAILURES),
      };
    });
  }
}

/** The budget of that name; throws BAD_OPTION or BAD_NAME. */
export function openBudget(inside: Inside, name: string, { max, high }: BudgetLimits): Budget {
  const codes = [...String(name)].map((c) => c.codePointAt(0) ?? 0);
  if (codes.length === 0 || codes.length > BUDGET.NAME_LENGTH) {
    throw new HeapError(
      'BAD_NAME',
      `a budget's name has 1 to ${String(BUDGET.NAME_LENGTH)} characters`,
    );
  }
  const limits = { MAX: granulesOf(max, 'max'), HIGH: granulesOf(high, 'high') };
  return inside(({ on: { budgets } }) => {
    if (!budgets.exist) throw new HeapError('BAD_OPTION', 'create the heap with budgets: true');
    const id = budgets.open(codes);
    if (id === 0)
      throw new HeapError('BAD_OPTION', `a heap has up to ${String(BUDGET.COUNT)} budgets`);
    for (const which of ['MAX', 'HIGH'] as const) {
      if (limits[which] >= 0) budgets.limit(id, which, limits[which]);
    }
    return new Budget(name, id, inside);
  });
}

/** Whole granules in it; -1 when it is not given. */
function granulesOf(limit: number | string | undefined, what: string): number {
  if (limit === undefined) return -1;
  if (limit === Infinity) return UNLIMITED;
  return Math.min(Math.floor(parseBytes(limit, what) / BYTES), UNLIMITED - 1);
}
