// The machine and its detector, on programs of a few lines whose every schedule is known.

import { describe, expect, test } from 'vitest';
import { readSources, load, EVERYWHERE } from './loader.ts';
import { isLinear, type Operation } from './book.ts';
import { parse, replay, shrink, stretchesOf, textOf } from './replay.ts';
import { NO_LIMITS, Runner } from './runner.ts';
import { searchAll } from './search.ts';
import { Stage } from './stage.ts';
import { scenarioIn } from './session.ts';
import { Dice } from '../support/dice.ts';
import { RandomWalk, limitsOf } from './walk.ts';
import { ARGUED, Races } from './races.ts';

const forever = () => false;
const sources = readSources();
const realm = await load(sources, EVERYWHERE);

function runnerOf(name: string): Runner {
  return new Runner(new Stage(realm, scenarioIn(realm, name)));
}

describe('the detector', () => {
  const races = () => {
    const made = new Races(4);
    made.begin(2);
    return made;
  };

  test('flags two plain writes, and a plain one against an atomic one', () => {
    const it = races();
    expect(it.plainWrite(0, 1, 7)).toBe(false);
    expect(it.plainWrite(1, 1, 8)).toBe(true);
    expect(it.other).toBe(7);
    expect(it.atomicWrite(0, 2, 9)).toBe(false);
    expect(it.plainRead(1, 2, 10)).toBe(true);
  });

  test('lets reads be, and atomics among themselves', () => {
    const it = races();
    expect([it.plainRead(0, 1, 1), it.plainRead(1, 1, 2)]).toEqual([false, false]);
    expect([it.atomicWrite(0, 2, 1), it.atomicWrite(1, 2, 2)]).toEqual([false, false]);
    expect(it.atomicRead(0, 2, 3)).toBe(false);
  });

  test('knows that an atomic read comes after the write that it sees', () => {
    const it = races();
    it.plainWrite(0, 1, 1);
    it.atomicWrite(0, 2, 2);
    it.atomicRead(1, 2, 3);
    expect(it.plainRead(1, 1, 4)).toBe(false);
    it.plainWrite(0, 1, 5);
    expect(it.plainRead(1, 1, 6), 'but not after what came later').toBe(true);
  });

  test('does not let an argued read hide a write that nobody argues for', () => {
    const it = races();
    it.plainRead(0, 1, 7 | ARGUED);
    it.plainWrite(0, 1, 8);
    expect(it.plainWrite(1, 1, 9)).toBe(true);
    expect(it.other).toBe(8);
    it.atomicWrite(0, 2, 10 | ARGUED);
    expect([it.plainRead(1, 2, 11), it.other]).toEqual([true, 10 | ARGUED]);
  });

  test('forgets everything with a new schedule', () => {
    const it = races();
    it.plainWrite(0, 1, 1);
    it.begin(2);
    expect(it.plainWrite(1, 1, 2)).toBe(false);
  });
});

describe('the search', () => {
  test('sees all and only different schedules: twice the same number', () => {
    const first = runnerOf('lock, two threads');
    const all = searchAll(first, NO_LIMITS, forever);
    expect(all.complete).toBe(true);
    const second = runnerOf('lock, two threads');
    expect(searchAll(second, NO_LIMITS, forever)).toEqual(all);
    expect(second.tally).toEqual(first.tally);
  });

  test('sees more with a higher bound, and everything without one', () => {
    const states = [0, 1, 2, 3, Infinity].map((preemptions) => {
      const limits = { ...NO_LIMITS, preemptions };
      return searchAll(runnerOf('lock, two threads'), limits, forever).states;
    });
    // With a bound, a state is told apart by who ran last too: without one there are fewer.
    const bounded = states.slice(0, 4);
    expect(bounded).toEqual([...bounded].sort((a, b) => a - b));
    expect(new Set(bounded).size).toBe(4);
    expect(states[4]).toBeGreaterThan(states[1] as number);
  });

  test('kills at every place there is', () => {
    const runner = runnerOf('lock, two threads');
    const limits = { preemptions: 0, kills: 1, throws: 0, timeouts: 0 };
    searchAll(runner, limits, forever);
    expect(runner.tally.crashes).toBeGreaterThan(10);
    expect(runner.machine.failure).toBe(null);
  });
});

describe('a search without queues at locks', () => {
  const late = { ...NO_LIMITS, queues: false };

  test('sees every order in which two threads get the lock, and no waiting', () => {
    const runner = runnerOf('lock, two threads, two turns each');
    const all = searchAll(runner, late, forever);
    expect([all.complete, runner.tally.schedules]).toEqual([true, 6]);
    expect(runner.machine.failure).toBe(null);
  });

  test('sees that nobody goes on when the lock is not given back', async () => {
    const edit = { path: 'src/word/lock.ts', from: 'this.memory.swap(this.word, 0)', to: '0' };
    const broken = await load(readSources([edit]), EVERYWHERE);
    const runner = new Runner(new Stage(broken, scenarioIn(broken, 'lock, two threads')));
    searchAll(runner, late, forever);
    expect(runner.machine.failure?.kind).toBe('stuck');
  });
});

describe('a walk', () => {
  test('freezes a thread in front of an access, and it goes on later', () => {
    const runner = runnerOf('buddy, three threads');
    const before = [...runner.machine.freezes];
    const longest = (made: readonly number[], t: number) =>
      Math.max(0, made.lastIndexOf(t) - made.indexOf(t) - made.filter((it) => it === t).length);
    let aside = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const options = { seed, priorities: seed % 2 === 0, adversary: 'freeze' } as const;
      runner.play(new RandomWalk({ ...options, length: 200 }), limitsOf('freeze'));
      expect(runner.machine.failure).toBe(null);
      for (const t of [0, 1, 2]) aside = Math.max(aside, longest(runner.made, t));
    }
    const frozen = runner.machine.freezes.filter((count, site) => count > (before[site] ?? 0));
    expect(frozen.length).toBeGreaterThan(10);
    expect(aside, 'steps of others while one stood still').toBeGreaterThan(100);
  });

  test('is the same again with the same seed', () => {
    const made = (seed: number) => {
      const runner = runnerOf('lock, three threads');
      const options = { seed, priorities: false, adversary: 'kill', length: 20 } as const;
      runner.play(new RandomWalk(options), limitsOf('kill'));
      return runner.made.join(' ');
    };
    expect(made(5)).toBe(made(5));
    expect(new Set([1, 2, 3, 4, 5, 6].map(made)).size).toBeGreaterThan(1);
  });

  test('draws every number of a die', () => {
    const dice = new Dice(1);
    const drawn = new Set(Array.from({ length: 100 }, () => dice.below(6)));
    expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('a schedule as text', () => {
  test('reads back as what it was', () => {
    const made = [0, 0, 0, 1, 9, 16, 1, 25];
    const text = textOf(stretchesOf(made));
    expect(text).toBe('0x3,1x1,t1,k0,1x1,o1');
    expect(parse(text)).toEqual(stretchesOf(made));
    expect(() => parse('0x3,what')).toThrow('no stretch');
  });

  test('plays the same run, and shrinks to fewer switches that fail alike', async () => {
    const edit = { path: 'src/word/lock.ts', from: 'this.memory.wake(this.word, 1)', to: '0' };
    const broken = await load(readSources([edit]), EVERYWHERE);
    const runner = new Runner(new Stage(broken, scenarioIn(broken, 'lock, three threads')));
    searchAll(runner, { ...NO_LIMITS, preemptions: 3 }, forever);
    expect(runner.machine.failure?.kind).toBe('stuck');
    const made = [...runner.made];
    expect(replay(runner, stretchesOf(made))?.kind).toBe('stuck');
    const small = shrink(runner, made, 'stuck');
    expect(small.length).toBeLessThanOrEqual(stretchesOf(made).length);
    expect(replay(runner, small)?.kind).toBe('stuck');
  });
});

describe('a history', () => {
  const at = (from: number, to: number) => ({ thread: 0, from, to });
  const alloc = (ptr: number, from: number, to: number): Operation => {
    return { ...at(from, to), kind: 'alloc', ptr, done: true };
  };
  const free = (ptr: number, done: boolean, from: number, to: number): Operation => {
    return { ...at(from, to), kind: 'free', ptr, done };
  };

  test('is refused when one block is handed out twice, whatever the order', () => {
    expect(isLinear([alloc(16, 0, 3), alloc(16, 1, 2)], [])).toBe(false);
    expect(isLinear([alloc(16, 0, 3), free(16, true, 1, 4), alloc(16, 2, 5)], [])).toBe(true);
  });

  test('is refused when two frees of one block succeed, or neither', () => {
    expect(isLinear([free(16, true, 0, 2), free(16, true, 1, 3)], [16])).toBe(false);
    expect(isLinear([free(16, false, 0, 2), free(16, false, 1, 3)], [16])).toBe(false);
    expect(isLinear([free(16, true, 0, 2), free(16, false, 1, 3)], [16])).toBe(true);
  });

  test('may or may not have what the dead were doing', () => {
    const dead = free(16, false, 0, Infinity);
    expect(isLinear([dead, alloc(16, 1, 2)], [16])).toBe(true);
    expect(isLinear([dead, free(16, true, 1, 2)], [16])).toBe(true);
  });
});
