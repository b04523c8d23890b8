// Before a run: everything that can be refused is refused here, with its reason and status 2.
import { openSync } from 'node:fs';
import { SharedHeap } from '../../src/index.ts';
import { REFUSED, type Options } from './options.ts';
import { heapBytes, planRound, type Turn } from './plan.ts';
import { readTrace } from './trace.ts';

const SPARE_SLOTS = 4;

export interface Prepared {
  readonly turns: readonly Turn[];
  readonly heap: SharedHeap;
  /** Where to write the figures as JSON. */
  readonly json: number | null;
}

export function prepare(options: Options): Prepared {
  try {
    const turns = planTurns(options);
    const heap = createHeap(turns, options);
    return { turns, heap, json: options.json === undefined ? null : openSync(options.json, 'w') };
  } catch (error) {
    console.error(`error: ${messageOf(error)}`);
    process.exit(REFUSED);
  }
}

function planTurns({ trace, copies }: Options): Turn[] {
  if (trace.length === 0) throw new Error('there is no trace to replay');
  return planRound(trace.map(readTrace), copies);
}

function createHeap(turns: readonly Turn[], options: Options): SharedHeap {
  const { size = heapBytes(turns, options.workers), mode, workers } = options;
  const given = mode === undefined ? {} : { mode };
  try {
    return SharedHeap.create({ size, maxSlots: workers + SPARE_SLOTS, ...given });
  } catch (error) {
    throw new Error(`no heap of size ${size}: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
