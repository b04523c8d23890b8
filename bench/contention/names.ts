// The names of locks, by the words in which they stand: from the heap's layout, as a handle gives
// it. Beside them, the heap's own counts of how often each was found taken, and slept for.
import type { HeapHandle } from '../../src/index.ts';
import { open } from '../../src/heap/open.ts';
import { ZONE_NAMES } from '../../src/page/zone.ts';
import { layoutOf } from '../../src/word/geometry.ts';
import { CLASS, GRANULE, HEADER, LOCK, ZONE } from '../../src/word/layout.ts';
import type { Memory } from '../../src/word/memory.ts';
import { TX } from '../../src/word/records.ts';

/** The line of the header that every slow path adds to or looks at: no lock, but as contended. */
export const TOTALS = 'line of totals';

const HEADER_LOCKS: readonly (readonly [word: number, name: string])[] = [
  [HEADER.OUT, TOTALS],
  [HEADER.PEAK, TOTALS],
  [HEADER.SLOT_LOCK, 'slots'],
  [HEADER.ROOT_LOCK, 'roots'],
  [HEADER.RECOVERY_LOCK, 'recovery'],
  [HEADER.POOL_LOCK, 'pool'],
  [HEADER.SIMPLE_LOCK, 'simple heap'],
];

export interface Counts {
  readonly contended: number;
  readonly slept: number;
}

export class LockNames {
  private readonly memory: Memory;
  private readonly names: ReadonlyMap<number, string>;
  private readonly journals: number;

  constructor(handle: HeapHandle) {
    const { memory, geometry } = open(handle);
    const layout = layoutOf(geometry);
    const zones = ZONE_NAMES.map(
      (name, i) => [layout.zones + i * ZONE.WORDS, `zone ${name}`] as const,
    );
    const classes = geometry.classes.map(({ granules }, i) => {
      const word = layout.classes + (i + 1) * CLASS.WORDS;
      return [word, `class of ${granules * GRANULE.BYTES} B`] as const;
    });
    this.memory = memory;
    this.journals = layout.journals;
    this.names = new Map([...HEADER_LOCKS, ...zones, ...classes]);
  }

  of(word: number): string {
    const transaction = Math.floor((word - this.journals) / TX.WORDS);
    return this.names.get(word) ?? `transaction ${transaction}`;
  }

  /** What the heap has counted so far at each lock that has a name of its own. */
  counts(): Map<string, Counts> {
    const { memory } = this;
    const locks = [...this.names].filter(([, name]) => name !== TOTALS);
    return new Map(
      locks.map(([word, name]) => {
        const contended = memory.get(word + LOCK.CONTENDED);
        return [name, { contended, slept: memory.get(word + LOCK.WAITS) }];
      }),
    );
  }
}
