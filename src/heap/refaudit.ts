// References looked at from outside: how many there are, and whether the tables of all slots and
// the words of all generations tell of the same ones.

import { COUNTER, ENTRY } from '../word/records.ts';
import type { Finding } from '../page/audit.ts';
import { HELD } from '../block/reftable.ts';
import { isLive } from '../block/statemap.ts';
import { Counters } from '../slot/counters.ts';
import type { Attachment } from './attachment.ts';

const { KIND, BLOCK } = ENTRY;

/** References to blocks, of all threads. */
export interface ReferenceStats {
  /** References there are. */
  readonly held: number;
  /** Pairs of a thread and a block to which it has some. */
  readonly holders: number;
  /** Blocks that `beginWrite` has copied. */
  readonly copies: number;
}

/** Takes no lock: exact when no thread is inside the heap. */
export function referenceStats(on: Attachment): ReferenceStats {
  const { memory, layout, table, references } = on;
  let [held, holders, copies] = [0, 0, 0];
  for (let slot = 0; slot < table.seats; slot++) {
    copies += new Counters(memory, layout, slot).get(COUNTER.COPIES);
    // RACE: arrays come and go; a chain that leads astray is a wrong figure for a moment.
    for (const entry of slot < table.maxSlots ? references.tableOf(slot).entries() : []) {
      if (memory.load(entry + KIND) !== HELD) continue;
      held += references.countOf(entry);
      holders++;
    }
  }
  return { held, holders, copies };
}

/** What is wrong with references; under all locks. */
export function auditReferences(on: Attachment): Finding[] {
  if (!on.states.checked) return [];
  const told = new Map<number, number>();
  const findings: Finding[] = [];
  for (let slot = 0; slot < on.table.maxSlots; slot++) {
    for (const granule of heldBy(on, slot)) {
      if (told.get(granule) === undefined && !isBlock(on, granule)) {
        findings.push(finding(granule, `slot ${String(slot)} has a reference to no live block`));
      }
      told.set(granule, (told.get(granule) ?? 0) + 1);
    }
  }
  return [...findings, ...wrongSums(on, told)];
}

function heldBy({ memory, references }: Attachment, slot: number): number[] {
  const entries = references.tableOf(slot).entries();
  const held = entries.filter((entry) => memory.load(entry + KIND) === HELD);
  return held.map((entry) => memory.get(entry + BLOCK));
}

function isBlock({ states }: Attachment, granule: number): boolean {
  return states.has(granule) && isLive(states.get(granule)); // one with holders: nobody frees it
}

/** Live blocks whose generation has other holders than there are tables that name them. */
function wrongSums({ states }: Attachment, told: ReadonlyMap<number, number>): Finding[] {
  const findings: Finding[] = [];
  const end = states.firstGranule + states.granules;
  for (let granule = states.firstGranule; granule < end; granule++) {
    // RACE: other threads go on; one that has holders stays live, and holders are under our lock.
    if (!isLive(states.get(granule))) continue;
    const [holders, named] = [states.generations.holders(granule), told.get(granule) ?? 0];
    if (holders === named) continue;
    const text = `${String(holders)} holders, named in ${String(named)} tables`;
    findings.push(finding(granule, text));
  }
  return findings;
}

function finding(granule: number, message: string): Finding {
  return { where: 'references', ptr: granule * 16, message };
}
