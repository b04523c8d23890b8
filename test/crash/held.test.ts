// A worker that is stopped at a chosen access of the heap, and killed there: a sample of all
// accesses and times; `npm run verify` kills at every one.

import { expect, test } from 'vitest';
import { campaign, tell } from './campaign.ts';
import { seedOf, useHoldBuild } from './seed.ts';
import { Trial, type Spec } from './trial.ts';

const build = useHoldBuild();

test('the hold build has the accesses of all sources, and stops where it is told', async () => {
  const { sites, url } = build();
  expect(sites.length).toBeGreaterThan(400);
  const unlock = sites.find((it) => it.path === 'src/word/lock.ts' && it.fn === 'unlock');
  const visitor = { role: 'tour', site: unlock?.id ?? 0, nth: 3 } as const;
  const spec: Spec = { seed: 1, flavour: 'plain', setting: 'alone', visitor, heir: null };
  const { lives, wrong } = await new Trial(spec, url).run();
  expect(wrong).toEqual([]);
  expect(lives.map(({ parked, counts }) => [parked, counts[visitor.site]])).toEqual([[true, 3]]);
});

test('who is killed at any access, at work or recovering, leaves a sound heap', async () => {
  const seed = seedOf('held');
  const { failures, lostBytes, aimed } = await campaign(build(), { seed, kills: 200, ms: 20_000 });
  expect(failures).toEqual([]);
  expect(lostBytes).toBe(0);
  expect(aimed).toBeGreaterThan(0);
});

test('who is killed taking or giving back a slot leaves it to others', async () => {
  const { sites, url } = build();
  const here = sites.filter(({ path, fn }) => {
    return path === 'src/slot/slot.ts' && (fn === 'takeAt' || fn === 'release');
  });
  expect(here.length).toBeGreaterThan(0);
  const wrong: string[] = [];
  for (const { id } of here) {
    const visitor = { role: 'tour', site: id, nth: 1 } as const;
    const heir = { role: 'recoverer', site: 0, nth: 0 } as const;
    const outcome = await new Trial(
      { seed: 3, flavour: 'plain', setting: 'alone', visitor, heir },
      url,
    ).run();
    expect(outcome.lives[0]?.parked).toBe(true);
    if (outcome.wrong.length > 0) wrong.push(tell(outcome, sites));
  }
  expect(wrong).toEqual([]);
});
