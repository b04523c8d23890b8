// The heap in a browser: a page and its workers in a real Chromium, bundled and served as a user's
// would be. What the page saw is told here (test/support/browser/page.ts).

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launch, PATIENCE_MS } from '../support/browser/chromium.ts';
import type { Scenes } from '../support/browser/page.ts';
import { openSite, type Kind, type Site } from '../support/browser/site.ts';
import type { Tally } from '../support/threads/stamped.ts';

const EMPTY = { live: 0, used: 0, findings: [] };
const HEADERS =
  /Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/;

let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;

async function visit(host: string, kind: Kind): Promise<Page> {
  const opened = await context.newPage();
  opened.on('pageerror', (error) => console.error(error));
  await opened.goto(`http://${host}:${site.port}/${kind}/index.html`);
  return opened;
}

/** Plays a scene on a page. */
function play<Name extends keyof Scenes>(
  name: Name,
  args: Parameters<Scenes[Name]>,
  on = page,
): Promise<Awaited<ReturnType<Scenes[Name]>>> {
  return on.evaluate(
    ([scene, given]) => {
      const { scenes } = globalThis as unknown as {
        scenes: Record<string, (...a: unknown[]) => never>;
      };
      return scenes[scene as string]!(...(given as unknown[]));
    },
    [name, args],
  );
}

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  beforeAll(async () => {
    [site, browser] = await Promise.all([openSite(), launch()]);
    context = await browser.newContext();
    context.setDefaultTimeout(PATIENCE_MS);
    page = await visit('127.0.0.1', 'isolated');
  }, PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  test('workers of a page churn in its heap, and every block is whole', async () => {
    const { tallies, left } = await play('churn', [3, 20_000]);
    expectWhole(tallies);
    expect(left).toEqual(EMPTY);
  });

  test('the page works among busy workers, and no call throws or is refused', async () => {
    const { tallies, calls, wrong, longestMs, left } = await play('contend', [3, 10_000]);
    expectWhole(tallies);
    expect(calls).toBeGreaterThan(100);
    expect([wrong, left]).toEqual([0, EMPTY]);
    console.info(`the page's longest of ${calls} turns: ${longestMs.toFixed(1)} ms`);
  });

  test('a transaction with a participant in a worker is kept whole', async () => {
    const { ended, ...seen } = await play('transact', [true]);
    expect(ended).toBe(true);
    expect(seen).toEqual({ voted: true, live: [true, true], bytes: [7], freed: 2, left: EMPTY });
  });

  test('a transaction with a participant in a worker is undone whole', async () => {
    const { voted, live, freed, left } = await play('transact', [false]);
    expect([voted, live, freed, left]).toEqual([true, [false, false], 0, EMPTY]);
  });

  test('a worker that is terminated anywhere is recovered, and writes nothing after', async () => {
    const roles = ['leaveOpen', 'keepLock', 'spinInLock', 'sleepInLock'] as const;
    const deaths = await Promise.all(roles.map((role) => play('die', [role])));
    expect(deaths.map(({ locks, rolledBack }) => [locks, rolledBack])).toEqual([
      [0, 1],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect(deaths[2]!.written).toBeGreaterThan(0);
    for (const { later, works, left } of deaths)
      expect([later, works, left]).toEqual([0, true, EMPTY]);
    const took = deaths.map(({ tookMs }, i) => `${roles[i]} ${tookMs.toFixed(0)} ms`);
    console.info(`from terminate to recovered: ${took.join(', ')}`);
  });

  test('a lock of the dead lets the page go on before its event loop turns', async () => {
    const { works, others, tookMs, left } = await play('spin', []);
    expect([works, others, left]).toEqual([true, true, EMPTY]);
    console.info(`the page waited ${tookMs.toFixed(1)} ms for a lock of the dead`);
  });

  test('the page waits for memory while its event loop turns', async () => {
    const { now, ok, turns, taken, given, freed, left } = await play('wait', []);
    expect([now, ok, freed, left]).toEqual(['OUT_OF_MEMORY', true, 2, EMPTY]);
    expect(turns).toBeGreaterThan(3);
    expect(given).toBe(taken);
  });

  test('nobody is taken for dead who has left and come back, or lives on', async () => {
    expect(await play('comeBack', [])).toEqual({ seated: 2, recoveries: 0, left: EMPTY });
  });

  test('a lease that comes late is refused, and a handle that is none', async () => {
    const refused = await play('refuse', [], await visit('127.0.0.1', 'isolated'));
    expect(refused).toMatchObject({ create: null, watch: null });
    expect(refused.attach).toMatch(/^BAD_HANDLE/);
    expect(refused.lease).toMatch(/^BAD_OPTION: .*await holdLease\(\) before SharedHeap.create/);
  });

  test('a policy that refuses the sentry is told', async () => {
    const { watch } = await play('refuse', [], await visit('127.0.0.1', 'strict'));
    expect(watch).toMatch(/^BAD_OPTION: the sentry did not start.*worker-src/);
  });

  test('a page without the headers is told which', async () => {
    const { create, attach } = await play('refuse', [], await visit('127.0.0.1', 'plain'));
    expect(create).toMatch(/^BAD_BUFFER: .*crossOriginIsolated is false/);
    expect(create).toMatch(HEADERS);
    expect(attach).toBe(create);
  });

  test('a page that is not secure is told so', async () => {
    const { create, lease } = await play('refuse', [], await visit('insecure.test', 'plain'));
    expect(create).toMatch(/^BAD_BUFFER: .*not secure: serve it by https/);
    expect(create).toMatch(HEADERS);
    expect(lease).toMatch(/^BAD_OPTION: there are no Web Locks/);
  });
});

function expectWhole(tallies: readonly Tally[]): void {
  expect(tallies.map(({ notes }) => notes)).toEqual([[], [], []]);
  for (const { allocs, frees } of tallies) expect([allocs > 0, frees]).toEqual([true, allocs]);
}
