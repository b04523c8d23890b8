// One thread's part in a transaction: which record it writes, and which one leads. Plain JavaScript
// state of the thread whose part it is; what others may see stands in the records (record.ts).

import type { TxRecord } from './record.ts';

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
}

/** A part with nothing in it; its leader knows of it unless it is its own. */
export function partIn(
  record: TxRecord,
  number: number,
  leader: TxRecord,
  leaderNumber: number,
): Part {
  const known = leader !== record;
  return { record, number, leader, leaderNumber, length: 0, onlyAllocs: true, known };
}
