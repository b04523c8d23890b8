// The sites: every access in the text of the sources, with a number, a place, and whether a RACE
// argument stands with it.

import type { Call, Fn, Kind, Program } from './reach.ts';
import { licenceAt, placeOf, type Node, type Unit } from './source.ts';

/** One access in the text of the sources. */
export interface Site {
  readonly id: number;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly kind: Kind;
  readonly fn: string;
  /** The line of code. */
  readonly text: string;
  /** Whether a RACE argument stands with it. */
  readonly licensed: boolean;
}

/** Each file has numbers of its own, so that an edit of one file leaves the others' as they are. */
const SITES_PER_FILE = 256;

/** Every access of the sources, numbered in order. */
export function sitesOf(program: Program): Map<Call, Site> {
  const sites = new Map<Call, Site>();
  const next = new Map(program.units.map((unit, i) => [unit, i * SITES_PER_FILE]));
  for (const call of program.calls) {
    if (call.access === null || call.within === null) continue;
    const { unit } = call.within;
    const property = (call.node['callee'] as Node)['property'] as Node;
    const licence = licenceAt(unit, call.node.start);
    const reads = /^(get|load|find)/.test(call.access);
    const id = next.get(unit) as number;
    next.set(unit, id + 1);
    sites.set(call, {
      id,
      path: unit.path,
      ...placeOf(unit, property.start),
      text: lineOf(unit, property.start),
      kind: call.access,
      fn: nameOf(call.within),
      licensed: licence === 2 || (licence === 1 && reads),
    });
  }
  return sites;
}

/** The first access of `Lock.lock`: here a thread joins those who want the lock. */
export function asksForLock(site: Site | undefined): boolean {
  return site?.path === 'src/word/lock.ts' && site.fn === 'lock' && site.kind === 'cas';
}

function lineOf(unit: Unit, offset: number): string {
  const end = unit.text.indexOf('\n', offset);
  return unit.text.slice(unit.text.lastIndexOf('\n', offset) + 1, end).trim();
}

function nameOf(fn: Fn): string {
  return fn.name === '' ? '(arrow)' : fn.name;
}
