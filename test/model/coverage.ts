// Which accesses of the sources were made at all, and at which a thread died or overflowed. An
// access that nothing reaches is a gap in the scenarios, unless it is argued here. Constructors
// read words that never change, and are no places to stop at.

import type { Realms } from './session.ts';
import type { Site } from './sites.ts';

/** Functions whose accesses no scenario reaches, and why that is right. */
const UNREACHED: Readonly<Record<string, string>> = {
  'src/block/fastpath.ts carry': 'every 2^32 operations of one slot',
  'src/block/magazine.ts lost': 'two threads free one block: see test/block/magazine.test.ts',
  'src/tx/journal.ts forget': 'every 2^28 transactions of one record: see test/tx/record.test.ts',
  'src/tx/journal.ts isChained': 'its step to a second array is taken in test/tx/journal.test.ts',
  'src/slot/tape.ts waitForRoom': 'it may end by its time alone: see test/slot/tape.test.ts',
  'src/slot/tape.ts drop': 'after such a wait',
  'src/slot/tape.ts rest': 'of a scribe alone',
  'src/heap/create.ts create': 'nobody else has the buffer yet',
  'src/parts/channelwords.ts formatRing': 'nobody else knows the block yet',
  'src/parts/channelwords.ts capacityIn': 'what it reads never changes',
  'src/heap/session.ts sitDown': 'a wait for one of eight spare seats, all of them taken at once',
};

/**
 * Functions in which a thread that recovers others may be too seldom for one to die there, and why
 * that is no gap.
 */
const UNMOURNED: Readonly<Record<string, string>> = {
  'src/word/lock.ts spin': 'it has and has written nothing there, as in front of the cas in lock',
};

/** Lines that only word what is wrong with a damaged heap; a schedule does not damage it. */
const WORDING = /\bString\(.*memory\.get|^const counted = |throw otherVersion\(memory/;

export interface Coverage {
  readonly sites: number;
  readonly hit: number;
  readonly crashed: number;
  readonly thrown: number;
  readonly frozen: number;
  /** Accesses that were made by a thread that recovered others, and of them, where one died. */
  readonly recovering: number;
  readonly diedRecovering: number;
  /** Those where none has. */
  readonly unmourned: readonly string[];
  /** Accesses that are neither reached nor argued. */
  readonly unreached: readonly string[];
  /** Accesses that are reached, but at which nobody has died. */
  readonly uncrashed: readonly string[];
}

type Tally = 'hits' | 'crashes' | 'throws' | 'freezes' | 'mourned' | 'again';

export function coverageOf(realms: Realms): Coverage {
  const machines = realms.all().map((realm) => realm.machine);
  const sum = (of: Tally, id: number) =>
    machines.reduce((total, machine) => total + (machine[of][id] ?? 0), 0);
  const sites = realms.sources.sites.filter(
    (it): it is Site => it?.path.startsWith('src/') === true,
  );
  const counted = sites.filter((site) => !isArgued(site) && site.fn !== 'constructor');
  const hit = counted.filter((site) => sum('hits', site.id) > 0);
  const crashed = hit.filter((site) => sum('crashes', site.id) > 0);
  const mourned = hit.filter((site) => sum('mourned', site.id) > 0);
  const again = mourned.filter((site) => sum('again', site.id) > 0);
  return {
    sites: counted.length,
    hit: hit.length,
    crashed: crashed.length,
    thrown: hit.filter((site) => sum('throws', site.id) > 0).length,
    frozen: hit.filter((site) => sum('freezes', site.id) > 0).length,
    recovering: mourned.length,
    diedRecovering: again.length,
    unmourned: mourned.filter((site) => !again.includes(site) && !isFew(site)).map(nameOf),
    unreached: counted.filter((site) => !hit.includes(site)).map(nameOf),
    uncrashed: hit.filter((site) => !crashed.includes(site)).map(nameOf),
  };
}

/** Whether it is right that nothing comes there. */
export function isArgued({ path, fn, text }: Site): boolean {
  if (WORDING.test(text)) return true;
  return `${path} ${fn}` in UNREACHED;
}

function isFew({ path, fn }: Site): boolean {
  return `${path} ${fn}` in UNMOURNED;
}

export function nameOf({ path, line, kind, fn }: Site): string {
  return `${path}:${line} ${kind} in ${fn}`;
}
