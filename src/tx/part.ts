// One thread's part in a transaction: which record it writes, and which one leads. Plain JavaScript
// state of the thread whose part it is; what others may see stands in the records (record.ts).

import { INLINE } from './journal.ts';
import type { TxRecord } from './record.ts';

const IN_RECORD = INLINE; // see ALONE in record.ts

/** What a step of a private part may be instead of an allocation of so many bytes. */
export const COMMIT = 0;
export const ROLLBACK = -1;

export interface Part {
  readonly record: TxRecord;
  readonly number: number;
  readonly leader: TxRecord;
  readonly leaderNumber: number;
  /** Entries written so far: the next one's position. Only the owner writes entries. */
  length: number;
  /** All of them are of new blocks: a commit leaves nothing to be done. */
  onlyAllocs: boolean;
  /** Others may have heard of it: every step takes the record's lock. */
  known: boolean;
  /** Entries that take none: those in the record while nobody has, and 0 from then on. */
  lockless: number;
}

/** A part with nothing in it; its leader knows of it unless it is its own. */
export function partIn(
  record: TxRecord,
  number: number,
  leader: TxRecord,
  leaderNumber: number,
): Part {
  const known = leader !== record;
  const lockless = known ? 0 : IN_RECORD;
  return { record, number, leader, leaderNumber, length: 0, onlyAllocs: true, known, lockless };
}
