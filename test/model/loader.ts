// Loads the checked sources, and scenarios written against them, into a realm of their own: one
// machine, and the modules as the transform left them, linked by name. The class Memory
// is replaced by the model's; everything else is the text that users run.
//
// Some numbers are too large to reach their corners in a few steps, so the loader narrows them.
// They decide how often something happens, never whether it is right.

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as attached from '../../src/heap/attached.ts';
import { iterate } from './iterate.ts';
import { Machine } from './machine.ts';
import type { Running } from './running.ts';
import { ModelMemory } from './memory.ts';
import { isPlain, programOf, type Call, type Program } from './reach.ts';
import { readUnit } from './source.ts';
import { sitesOf, type Site } from './sites.ts';
import { transform, type Transformed } from './transform.ts';

export const ROOT = rootOf(fileURLToPath(import.meta.url));
const MEMORY = 'src/word/memory.ts';
const SCENARIOS = 'test/model/scenarios';

/** Told by the machine instead: which threads there are, and which are dead. */
const TOLD = 'src/slot/thread.ts';
/** Runs as they are: JavaScript's own state, no shared word after the set-up. */
const EXTERNALS: Readonly<Record<string, object>> = {
  'src/heap/attached.ts': attached,
};

export interface Edit {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** A change by position in the text as it stands in the file; start and end may be the same. */
export interface Cut {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly to: string;
}

/**
 * Corners that take 64 spins or 4,096 granules to reach are reached at once. A copy of users'
 * bytes, or a fill, which are no accesses here, has a place in front of it at which a thread may
 * stop and die.
 */
export const NARROWED: readonly Edit[] = [
  { path: 'src/word/lock.ts', from: 'const SPINS = 64;', to: 'const SPINS = 1;' },
  { path: 'src/parts/bell.ts', from: 'const SPINS = 256;', to: 'const SPINS = 1;' },
  { path: 'src/block/shelf.ts', from: 'LEAST_FULL = 2;', to: 'LEAST_FULL = 1;' },
  { path: 'src/block/shelf.ts', from: 'LEAST_GRANULES = 2 ** 12;', to: 'LEAST_GRANULES = 4;' },
  { path: 'src/block/rack.ts', from: 'SHARE_SHIFT = 8;', to: 'SHARE_SHIFT = 4;' },
  { path: 'src/block/shelf.ts', from: 'SHARE_SHIFT = 6;', to: 'SHARE_SHIFT = 3;' },
  { path: 'src/word/records.ts', from: 'ENTRIES: 64,', to: 'ENTRIES: 4,' },
  { path: 'src/slot/latency.ts', from: 'EVERY = 251;', to: 'EVERY = 2;' },
  {
    path: 'src/tx/journal.ts',
    from: 'IN_ARRAY = (MAGAZINE.WORDS - FIRST) / ENTRY_WORDS;',
    to: 'IN_ARRAY = 15;',
  },
  {
    path: 'src/block/reftable.ts',
    from: 'IN_ARRAY = (WORDS - FIRST) / ENTRY_WORDS;',
    to: 'IN_ARRAY = 1;',
  },
  {
    path: 'src/word/memory.ts',
    from: 'const part = Math.min(PART_BYTES, length - done);',
    to: 'memory.pause(); const part = Math.min(PART_BYTES, length - done);',
  },
  {
    path: 'src/word/memory.ts',
    from: 'const bytes = Math.min(PART_BYTES, length - done);',
    to: 'memory.pause(); const bytes = Math.min(PART_BYTES, length - done);',
  },
];

export interface Sources {
  readonly program: Program;
  /** By number; there are gaps. */
  readonly sites: readonly (Site | undefined)[];
  readonly byCall: ReadonlyMap<Call, Site>;
}

export interface Realm {
  readonly machine: Machine;
  readonly sites: readonly (Site | undefined)[];
  /** The zones refuse the n-th request of a schedule; 0 for none. */
  failAt: number;
  /** Requests to zones in this schedule. */
  requests: number;
  module(path: string): Readonly<Record<string, unknown>>;
}

/** Parses everything; `edits` change the text first, each exactly once. */
export function readSources(edits: readonly (Edit | Cut)[] = []): Sources {
  const paths = [...sourcePaths(), ...scenarioPaths()];
  for (const { path } of edits) {
    if (!paths.includes(path)) throw new Error(`${path} is not among the checked sources`);
  }
  const units = paths.map((path) => {
    const here = [...NARROWED, ...edits].filter((edit) => edit.path === path);
    return readUnit(ROOT, path, (text) => {
      const cuts = here.map((edit) => ('from' in edit ? cutOf(text, edit) : edit));
      return applied(text, path === MEMORY ? [memoryCut(text), ...cuts] : cuts);
    });
  });
  const program = programOf(units);
  const byCall = sitesOf(program);
  const sites: Site[] = [];
  for (const site of byCall.values()) sites[site.id] = site;
  return { program, sites, byCall };
}

/** Throws when an edit does not fit the sources as they are. */
export function checkEdits(edits: readonly Edit[]): void {
  for (const edit of edits) cutOf(readFileSync(`${ROOT}${edit.path}`, 'utf8'), edit);
}

/** Puts the model's class Memory in the place of the one there is, every line where it was. */
function memoryCut(text: string): Cut {
  const start = text.indexOf('export class Memory {');
  const end = text.indexOf('\n}\n', start) + 2;
  if (start < 0 || end < 2) throw new Error(`${MEMORY}: there is no class Memory`);
  const lines = text.slice(start, end).split('\n').length - 1;
  const to = `export const Memory = $Memory;${'\n'.repeat(lines)}`;
  return { path: MEMORY, start, end, to };
}

/** Where an edit's text stands in the file. */
export function cutOf(text: string, { path, from, to }: Edit): Cut {
  const places = text.split(from).length - 1;
  if (places !== 1) throw new Error(`${path}: ${places} places for the edit of "${from}"`);
  const start = text.indexOf(from);
  return { path, start, end: start + from.length, to };
}

/** The text with all cuts made; those at one place in the order given. */
function applied(text: string, cuts: readonly Cut[]): string {
  let [done, at] = ['', 0];
  for (const { path, start, end, to } of [...cuts].sort((a, b) => a.start - b.start)) {
    if (start < at || end < start) throw new Error(`${path}: two edits overlap at ${start}`);
    done += text.slice(at, start) + to;
    at = end;
  }
  return done + text.slice(at);
}

/** Every access may be a stop: what the adversary needs. */
export const EVERYWHERE = (): boolean => true;

/**
 * Stops at atomic accesses, messages, and at the plain ones named. The others are in no race (the
 * detector watches them), so stopping there would only repeat what some other schedule shows.
 */
export function atAtomicsAnd(racing: ReadonlySet<number>): (site: Site) => boolean {
  return (site) => (!isPlain(site.kind) && site.kind !== 'pause') || racing.has(site.id);
}

export async function load(sources: Sources, stops: (site: Site) => boolean): Promise<Realm> {
  const { program, sites, byCall } = sources;
  const units = await transform(program, byCall, stops);
  const machine = new Machine(sites);
  const realm: Realm = { machine, sites, failAt: 0, requests: 0, module: link(units, machine) };
  letZonesFail(realm);
  return realm;
}

type Method = (this: unknown, ...of: unknown[]) => unknown;

/** Puts the n-th refusal in front of the one method by which a zone gives pages. */
function letZonesFail(realm: Realm): void {
  const { Buddy } = realm.module('src/page/buddy.ts') as { Buddy: { prototype: unknown } };
  const methods = Buddy.prototype as { allocLocked: Method };
  const { allocLocked } = methods;
  const refused = () => ++realm.requests === realm.failAt;
  methods.allocLocked = allocLocked.constructor.name.startsWith('Generator')
    ? function* (...of): Running {
        return refused() ? 0 : yield* allocLocked.apply(this, of) as Running;
      }
    : function (...of) {
        return refused() ? 0 : allocLocked.apply(this, of);
      };
}

function link(units: readonly Transformed[], machine: Machine): Realm['module'] {
  const code = new Map(units.map((unit) => [unit.path, unit.code]));
  const made = new Map<string, Record<string, unknown>>();
  made.set(TOLD, { ...machine.threadModule() });
  const $G = function () {} as unknown as { prototype: unknown };
  $G.prototype = Object.getPrototypeOf(function* () {}).prototype;
  const hooks: Record<string, unknown> = {
    ...machine.hooks(),
    $iterate: iterate,
    $G,
    $Memory: ModelMemory,
  };
  const module = (path: string): Record<string, unknown> => {
    const known = made.get(path) ?? (EXTERNALS[path] as Record<string, unknown> | undefined);
    if (known !== undefined) return known;
    const text = code.get(path);
    if (text === undefined) throw new Error(`${path} is not among the checked sources`);
    const exports = {};
    made.set(path, exports);
    const from = (name: string) => module(posix.join(posix.dirname(path), name));
    const names = [...Object.keys(hooks), '$exports', '$import'];
    const body = `"use strict";\n${text}\n//# sourceURL=model:${path}`;
    const run = new Function(...names, body) as (...of: unknown[]) => void;
    run(...Object.values(hooks), exports, from);
    return exports;
  };
  return module;
}

function sourcePaths(): string[] {
  const names = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !(path in EXTERNALS))
    .filter((path) => path !== TOLD && path !== 'src/index.ts')
    .filter((path) => !path.startsWith('src/host/') && !path.startsWith('src/testing'))
    .sort();
}

function scenarioPaths(): string[] {
  return readdirSync(`${ROOT}${SCENARIOS}`)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${SCENARIOS}/${name}`)
    .sort();
}

/** The repository, seen from test/model or from dist/test/model. */
function rootOf(file: string): string {
  const here = file.replaceAll('\\', '/').replace(/(?:dist\/)?test\/model\/[^/]+$/, '');
  return here;
}
