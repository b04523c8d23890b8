// The short form: every scenario searched within a bound, with a death at each access, with stack
// overflows, with zones that refuse, and walked at random from a fixed seed and from a fresh one.
// AT_SEED=<seed> repeats the fresh walks. The long form is `npm run verify`.

import { describe, expect, test } from 'vitest';
import {
  failEachRequest,
  searchDeaths,
  searchScenario,
  walkScenario,
  type Row,
} from './campaign.ts';
import { readSources } from './loader.ts';
import { Realms, scenariosOf } from './session.ts';

const ms = 20_000;
const late = { queues: false };
const FIXED = 20_261_123;
const fresh = Number(process.env['AT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
console.info(`fresh walks: AT_SEED=${fresh}`);

const realms = new Realms(readSources());
const scenarios = scenariosOf(await realms.everywhere());
const sound = scenarios.filter((it) => it.known?.part !== 'all');
const mortal = scenarios.filter((it) => it.known === undefined);

function expectSound({ failure }: Row): void {
  expect(failure ?? '').toBe('');
}

describe.each(sound.map((it) => it.name))('%s', (name) => {
  test('in every order within two preemptions, a wait ended by time among them', async () => {
    expectSound(await searchScenario(realms, name, 2, { ms, schedules: 150 }, { timeouts: 1 }));
  });

  test('in every order, when nobody comes to a lock before it is free', async () => {
    expectSound(await searchScenario(realms, name, Infinity, { ms, schedules: 150 }, late));
  });

  test('when one stands still for long and goes on', async () => {
    expectSound(await walkScenario(realms, name, FIXED, 'freeze', { ms, schedules: 12 }));
    expectSound(await walkScenario(realms, name, fresh, 'freeze', { ms, schedules: 12 }));
  });

  test('in random orders', async () => {
    expectSound(await walkScenario(realms, name, FIXED, 'nobody', { ms, schedules: 25 }));
    expectSound(await walkScenario(realms, name, fresh, 'nobody', { ms, schedules: 25 }));
  });

  test('when the zones refuse each request in turn', async () => {
    expectSound(await failEachRequest(realms, name, { ms, schedules: 40 }));
  });
});

describe.each(mortal.map((it) => it.name))('%s', (name) => {
  test('when one dies, or overflows its stack, at each access', async () => {
    expectSound(await searchDeaths(realms, name, 0, 'kill', { ms, schedules: 80 }));
    expectSound(await searchDeaths(realms, name, 0, 'throw', { ms, schedules: 40 }));
    expectSound(await walkScenario(realms, name, FIXED, 'kill', { ms, schedules: 30 }));
    expectSound(await walkScenario(realms, name, fresh, 'throw', { ms, schedules: 25 }));
  });
});

test('a scenario that is marked as showing a known defect shows it', async () => {
  const clock = { ms, schedules: 4000 };
  for (const { name, known } of scenarios) {
    if (known === undefined) continue;
    const row =
      known.part === 'all'
        ? await searchScenario(realms, name, 2, clock)
        : await searchDeaths(realms, name, 0, 'kill', clock);
    expect(row.failure, `${name}: mended? then its mark has to go`).not.toBe(null);
  }
});
