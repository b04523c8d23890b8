// The loader: what it makes of the sources, and that it stops where it should.

import { describe, expect, test } from 'vitest';
import { atAtomicsAnd, EVERYWHERE, load, readSources } from './loader.ts';
import { isRunning } from './running.ts';
import { placeOf, licenceAt, readUnit } from './source.ts';
import { ROOT } from './loader.ts';

const sources = readSources();
const sites = sources.sites.filter((site) => site !== undefined);

describe('the sources as the model runs them', () => {
  test('have a site for every access in the text', () => {
    const lock = sites.filter((site) => site.path === 'src/word/lock.ts');
    const kinds = lock.map((site) => site.kind);
    expect(kinds.filter((kind) => kind === 'cas')).toHaveLength(5);
    expect(kinds.filter((kind) => kind === 'wait')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'wake')).toHaveLength(1);
    for (const site of lock) {
      const unit = sources.program.units.find((it) => it.path === site.path);
      const line = unit?.text.split('\n')[site.line - 1] ?? '';
      expect(line.slice(site.column - 1)).toMatch(new RegExp(`^${site.kind}\\(`));
    }
  });

  test('become generators where they reach memory, and only there', async () => {
    const realm = await load(sources, EVERYWHERE);
    const { tokenOf, Lock } = realm.module('src/word/lock.ts') as {
      tokenOf: (slot: number, incarnation: number) => unknown;
      Lock: new (...of: unknown[]) => { lock(): unknown };
    };
    expect(tokenOf(0, 1)).toBe(514);
    expect(isRunning(new Lock({}, 0, 2).lock())).toBe(true);
  });

  test('are plain functions beneath a lock when only atomics are stops', async () => {
    const realm = await load(sources, atAtomicsAnd(new Set()));
    const { FreeLists } = realm.module('src/page/freelists.ts') as {
      FreeLists: { prototype: object };
    };
    const kind = (name: string) => Reflect.get(FreeLists.prototype, name).constructor.name;
    expect(kind('findOrder')).toBe('Function');
    const { Zone } = realm.module('src/page/zone.ts') as { Zone: { prototype: object } };
    expect(Reflect.get(Zone.prototype, 'free').constructor.name).toBe('GeneratorFunction');
  });
});

test('an edit that does not fit the text exactly once is refused', () => {
  const path = 'src/word/lock.ts';
  expect(() => readSources([{ path, from: 'no such text', to: '' }])).toThrow('0 places');
  expect(() => readSources([{ path, from: 'memory', to: '' }])).toThrow('places');
});

test('a RACE argument covers its statement, and nothing beside it', () => {
  const unit = readUnit(ROOT, 'src/heap/mode.ts');
  const argued = unit.text.indexOf('memory.get(HEADER.MODE)');
  expect(placeOf(unit, argued).column).toBeGreaterThan(1);
  expect(licenceAt(unit, argued)).toBe(2);
  expect(licenceAt(unit, unit.text.indexOf('new SizeClasses('))).toBe(0);
});
