// The mutation tool: what it makes of a file, that a mutation is done where it says and nowhere
// else, that the model kills a wrong unlock and not a harmless one, and that nothing hangs.
// Needs dist/ for its worker, which `npm test` has built by now.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync } from 'vite';
import { expect, test } from 'vitest';
import { ROOT, readSources } from './loader.ts';
import { tryAll, type Tried } from './mutate/crew.ts';
import { mutationsOf, type Mutation } from './mutate/mutations.ts';
import { probe, regionAt } from './mutate/regions.ts';
import { linesOf, survivorsOf } from './mutate/report.ts';
import { trial, type Task } from './mutate/trial.ts';
import { readUnit } from './source.ts';

const LOCK = 'src/word/lock.ts';
const unit = readUnit(ROOT, LOCK);
const mutations = await mutationsOf(unit);
const HARMLESS = '(old & WAITERS) !== 0 → true';
const DEADLY = '(old & WAITERS) !== 0 → false';

function theOne(tells: string): Mutation {
  const found = mutations.filter((it) => it.tells === tells);
  expect(found).toHaveLength(1);
  return found[0] as Mutation;
}

function taskOf(mutation: Task['mutation']): Task {
  const scenarios = ['lock, two threads', 'lock, three threads'];
  return { mutation, scenarios, seed: 1, ms: 20_000 };
}

test('the lock has many mutations of several kinds, none of them in a text', () => {
  expect(mutations.length).toBeGreaterThan(60);
  expect(new Set(mutations.map((it) => it.operator)).size).toBeGreaterThan(7);
  expect(mutations.filter((it) => it.tells.includes('CRASHED')).map((it) => it.tells)).toEqual([
    expect.stringMatching(/^\{ throw .* → \{\}$/),
  ]);
});

test('each mutation leaves a text that parses, and not the one there was', () => {
  for (const { start, end, to, tells } of mutations) {
    const text = unit.text.slice(0, start) + to + unit.text.slice(end);
    expect(parseSync(LOCK, text).errors, tells).toEqual([]);
    expect(text === unit.text, tells).toBe(false);
  }
});

test('a mutation is done at its place, beside what the loader narrows', () => {
  for (const tells of [
    DEADLY,
    'token | WAITERS → (token & WAITERS)',
    'this.count(CONTENDED); → ;',
  ]) {
    const { start, end, to } = theOne(tells);
    const { program } = readSources([{ path: LOCK, start, end, to }]);
    const text = unit.text.slice(0, start) + to + unit.text.slice(end);
    const expected = text.replace('const SPINS = 64;', 'const SPINS = 1;');
    expect(program.units.find((it) => it.path === LOCK)?.text).toBe(expected);
  }
});

test('what the loader narrows cannot be mutated as well', () => {
  const start = unit.text.indexOf('const SPINS') + 'const SPINS = '.length;
  const twice = { path: LOCK, start, end: start + 1, to: '7' };
  expect(() => readSources([twice])).toThrow('overlap');
});

test('an unlock that wakes nobody is killed, and one that wakes too often survives', async () => {
  let beats = 0;
  const killed = await trial(taskOf(theOne(DEADLY)), () => beats++);
  expect(killed?.failure).toMatch(/^stuck: /);
  expect(beats).toBeGreaterThan(1);
  expect(await trial(taskOf(theOne(HARMLESS)), () => beats++)).toBe(null);
});

test('a place belongs to the innermost region around it', () => {
  const { regions } = probe([unit]);
  const textAt = (sought: string) => {
    const region = regions[regionAt(regions, LOCK, unit.text.indexOf(sought))];
    return region === undefined ? null : unit.text.slice(region.start, region.end);
  };
  expect(textAt('this.lockSlow();')).toBe('this.lockSlow();');
  expect(textAt('memory.pause()')).toBe('memory.pause();');
  expect(textAt('const SPINS')).toBe(null);
  expect(regionAt(regions, 'src/word/layout.ts', 1000)).toBe(-1);
});

test('a mutant that never comes back is ended, and the next one has a thread again', async () => {
  const endless = { ...theOne(DEADLY), to: '(() => { for (;;); })()' };
  const nowhere = { mutation: endless, task: { ...taskOf(endless), scenarios: [] } };
  const jobs = [endless, theOne(DEADLY)].map((mutation) => ({ mutation, task: taskOf(mutation) }));
  const tried: Tried[] = [];
  const worker = pathToFileURL(join(ROOT, 'dist/test/model/mutate/worker.js'));
  await tryAll([...jobs, nowhere], 1, (it) => tried.push(it), worker);
  expect(tried.map((it) => it.outcome)).toEqual(['timeout', 'killed', 'not covered']);
  expect(linesOf(tried).at(-1)).toMatchObject({ mutants: 3, survived: 0, score: 100 });
  expect(survivorsOf(tried)).toEqual([]);
});
