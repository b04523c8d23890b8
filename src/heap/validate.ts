// validate: walks the whole heap and names what is wrong. It holds every lock while it looks (in
// lock order, so it waits for nobody who waits for it), which stops refills, frees of large runs
// and every other change of structure; the other threads' fast paths go on.
//
// One sum can only be compared at rest: blocks that are CACHED against entries in magazines. It is
// reported only if no other thread has counted an operation meanwhile, and if it stands on a second
// walk. One operation a thread may have been under way all the time: it moves entries before states
// and is counted before it frees, and magazines are read before states, so the second walk sees an
// entry for every state that it had changed by the first.

import { CLASS, HEADER, MAGIC, STATE, ZONE } from '../word/layout.ts';
import { COUNTER, PAGE } from '../word/records.ts';
import type { Lock } from '../word/lock.ts';
import { auditZone, type Finding, type UsedRun } from '../page/audit.ts';
import { ZONE_NAMES, type Zone, type ZoneName } from '../page/zone.ts';
import { BlockAuditor, emptyAudit, type ClassAudit } from '../block/audit.ts';
import { SimpleAuditor } from '../block/simpleaudit.ts';
import { Magazines } from '../block/magazine.ts';
import { Counters } from '../slot/counters.ts';
import type { Attachment } from './attachment.ts';
import { auditDebug } from './debugaudit.ts';
import { auditReferences } from './refaudit.ts';

export type { Finding };

const { OWNER, ARENA, HEAD } = PAGE;
const { ALLOCS, FREES, CORRUPTIONS } = COUNTER;
const { LARGE } = STATE;

export function validate(on: Attachment): Finding[] {
  if (on.memory.get(HEADER.MAGIC) !== MAGIC) {
    on.counters.bump(CORRUPTIONS);
    return [{ where: 'header', ptr: 0, message: 'the magic word is gone' }];
  }
  const held: Lock[] = [];
  try {
    for (const lock of locksOf(on)) {
      lock.lock();
      held.push(lock);
    }
    const findings = [...lookTwice(on), ...on.budgets.audit(), ...auditDebug(on)];
    for (let i = 0; i < findings.length; i++) on.counters.bump(CORRUPTIONS);
    return findings;
  } finally {
    for (const lock of held.reverse()) lock.unlock();
  }
}

function lookTwice(on: Attachment): Finding[] {
  const before = operations(on);
  const first = new Walk(on).look();
  if (first.atRest.length === 0) return first.findings;
  const { findings, atRest } = new Walk(on).look();
  return operations(on) === before ? [...findings, ...atRest] : findings;
}

/** Operations counted so far by all slots. */
function operations(on: Attachment): number {
  const counts = takenSlots(on).map((slot) => new Counters(on.memory, on.layout, slot));
  return counts.reduce((sum, of) => sum + of.get(ALLOCS) + of.get(FREES), 0);
}

function takenSlots(on: Attachment): number[] {
  const slots = Array.from({ length: on.geometry.maxSlots }, (_, slot) => slot);
  return slots.filter((slot) => on.table.isOccupied(slot));
}

/** Every lock that guards structure, in lock order. */
function locksOf(on: Attachment): Lock[] {
  const depots = on.depots.flatMap((depot) => depot?.lock ?? []);
  const zones = on.zones.list.map((zone) => zone.lock);
  const inner = [...zones, on.references.lock, on.pool.lock];
  return [on.slotLock, on.budgets.lock, ...depots, on.simple.lock, ...inner];
}

class Walk {
  private readonly on: Attachment;
  private readonly blocks: BlockAuditor;
  private readonly sums: ClassAudit[];
  private readonly simple: SimpleAuditor;
  private readonly atRest: Finding[] = [];

  constructor(on: Attachment) {
    this.on = on;
    this.blocks = new BlockAuditor(on.map, on.states);
    this.simple = new SimpleAuditor(on.map, on.states);
    this.sums = [0, ...on.geometry.classes].map((_, id) => emptyAudit(id));
  }

  look(): { findings: Finding[]; atRest: Finding[] } {
    for (const slot of takenSlots(this.on)) this.slot(slot);
    const zones = this.on.zones.list.flatMap((_, i) => this.zone(i));
    for (const sums of this.sums.slice(1)) this.classSums(sums);
    this.simple.totals();
    const references = auditReferences(this.on);
    const findings = [...zones, ...this.blocks.findings, ...this.simple.findings, ...references];
    return { findings, atRest: this.atRest };
  }

  private zone(index: number): Finding[] {
    const zone = this.on.zones.list[index];
    if (zone === undefined) return [];
    const audit = auditZone(this.on.map, zone, ZONE_NAMES[index] as ZoneName);
    for (const run of audit.used) this.usedRun(run);
    this.largeRuns(zone, audit.used);
    const shift = this.on.map.granuleShift;
    for (const { page, pages } of audit.free) {
      this.blocks.inside(page << shift, (page + pages) << shift);
    }
    return audit.findings;
  }

  private largeRuns({ record }: Zone, used: readonly UsedRun[]): void {
    const { memory, map, states } = this.on;
    const large = used.filter(({ page }) => states.get(page << map.granuleShift) === LARGE);
    const pages = large.reduce((sum, run) => sum + run.pages, 0);
    const runs = memory.get(record + ZONE.LARGE_RUNS);
    const counted = memory.get(record + ZONE.LARGE_PAGES);
    if (runs === large.length && pages === counted) return;
    const found = `${String(large.length)} large runs of ${String(pages)} pages found`;
    this.blocks.say('zone', 0, `${found}, ${String(runs)} of ${String(counted)} counted`);
  }

  private usedRun(run: UsedRun): void {
    const owner = this.on.map.get(run.page, OWNER);
    const shape = this.on.geometry.classes[owner - 1];
    const sums = this.sums[owner];
    if (owner === ARENA) this.simple.arena(run);
    else if (owner === 0) this.blocks.large(run);
    else if (shape !== undefined && sums !== undefined) {
      this.blocks.slab(run, shape.granules, sums);
    } else this.blocks.say('page map', run.page << this.on.map.granuleShift, 'no such owner');
  }

  private slot(slot: number): void {
    const { states, layout, geometry } = this.on;
    const magazines = new Magazines(states, layout, geometry.pageShift, slot);
    for (const sums of this.sums.slice(1)) {
      const isBlock = (granule: number) => this.isBlock(granule, sums.id);
      // RACE: other slots go on; a past top bounds entries that are, or were, of the class.
      for (const top of magazines.tops(sums.id)) {
        if (top !== 0) this.blocks.magazine(top, magazines.tag, sums, isBlock);
      }
      // One that is between two places is of any class: it vouches, but nothing is asked of it.
      const moving = magazines.moving();
      if (moving !== 0) this.blocks.magazine(moving, -1, sums, isBlock);
    }
  }

  private isBlock(granule: number, id: number): boolean {
    const { map, states, geometry } = this.on;
    const shape = geometry.classes[id - 1];
    if (states.granuleOf(granule * 16) < 0 || shape === undefined) return false;
    const page = granule >>> map.granuleShift;
    const slab = map.get(page, HEAD);
    const offset = granule - (slab << map.granuleShift);
    const inside = slab !== 0 && page < slab + map.run(slab);
    return inside && map.get(slab, OWNER) === id && offset % shape.granules === 0;
  }

  private classSums(sums: ClassAudit): void {
    const record = this.on.layout.classes + sums.id * CLASS.WORDS;
    this.blocks.classWords(record, sums, (granule) => this.isBlock(granule, sums.id));
    this.blocks.partials(record, sums);
    const missing = sums.cached - sums.listed.size;
    if (missing <= 0) return;
    const lost = `${String(missing)} blocks are cached in no magazine`;
    const where = `class ${String((this.on.geometry.classes[sums.id - 1]?.granules ?? 0) * 16)}`;
    this.atRest.push({ where, ptr: 0, message: lost });
  }
}
