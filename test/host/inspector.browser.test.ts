// The page in a real browser: that what it shows is the heap, and moves; that it can be used
// without a mouse and without eyes; that both colour schemes are there. Needs dist/, whose scripts
// the page is made of, and a Chromium.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { serveInspector, type Inspector } from '../../src/host/inspector.ts';
import { insideOf } from '../../src/heap/door.ts';
import { SharedHeap } from '../../src/index.ts';
import { EVERY, wordOf } from '../../src/slot/latency.ts';
import { chromiumPath, launch, PATIENCE_MS } from '../support/browser/chromium.ts';

const MOST_MS = 30_000;

describe.skipIf(chromiumPath === undefined)('the page', () => {
  let browser: Browser;
  let page: Page;
  let heap: SharedHeap;
  let inspector: Inspector;
  const errors: string[] = [];

  beforeAll(async () => void (browser = await launch()), PATIENCE_MS);
  afterAll(() => browser.close());
  beforeEach(async () => {
    heap = SharedHeap.create({ size: '24MiB', maxSlots: 4 });
    inspector = await serveInspector(heap);
    page = await browser.newPage();
    page.setDefaultTimeout(MOST_MS);
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(inspector.url);
    await page.waitForSelector('#workers tbody tr');
  });
  afterEach(async () => {
    await page.close();
    await inspector.close();
    heap.detach();
    if (errors.length > 0) throw new Error(errors.splice(0).join('\n'));
  });

  const text = (selector: string) => page.textContent(selector);
  const shows = async (selector: string, what: string | RegExp) => {
    const wanted: unknown = typeof what === 'string' ? what : expect.stringMatching(what);
    await expect.poll(() => text(selector), { timeout: MOST_MS }).toEqual(wanted);
  };

  test('shows the figures of the heap, and they move', async () => {
    await shows('#tile-live', '0 B');
    const ptrs = Array.from({ length: 64 }, () => heap.alloc(64 * 1024));
    await shows('#tile-live', '4 MiB');
    await shows('#tiers', /normal/);
    ptrs.forEach((ptr) => heap.free(ptr));
    heap.transaction((tx) => tx.alloc(64));
    await shows('#tile-live', '64 B');
    await shows('#workers tbody', /slot 0 \(here\).*1$/);
    expect(await text('#health')).toBe('healthy');
    for (const size of Array.from({ length: 20 }, () => 2 ** 30)) heap.alloc(size);
    await shows('#health', 'not healthy');
    await shows('#tile-refused', '20');
  });

  test('shows each worker’s latencies, and says what they are of', async () => {
    const column = (name: string) =>
      page.$$eval(
        '#workers tr',
        (rows, title) => {
          const [head, first] = rows.map((row) => [...row.children].map((it) => it.textContent));
          return first![head!.indexOf(title)];
        },
        name,
      );
    expect(await column('slow alloc p50')).toBe('–');
    const { counters } = insideOf(heap)((session) => session.on);
    for (let i = 0; i < 99; i++) counters.bump(wordOf(0.0003));
    for (let i = 0; i < 2; i++) counters.bump(wordOf(3.5));
    await expect.poll(() => column('slow alloc p50'), { timeout: MOST_MS }).toBe('0.5 µs');
    expect(await column('slow alloc p99')).toBe('4.1 ms');
    const about = await page.getAttribute('#workers', 'aria-describedby');
    expect(await text(`#${about}`)).toContain(`One in ${EVERY} of a thread’s slow calls is timed`);
  });

  test('draws charts of all that, and a square for each cell of the map', async () => {
    expect(await page.locator('.uplot canvas').count()).toBe(4);
    heap.alloc(8 * 2 ** 20);
    await shows('#tile-live', '8 MiB');
    await page.check('input[value=tier]');
    const drawn = () =>
      page.$$eval('#zones canvas', (all) =>
        all.map((it) => {
          const canvas = it as HTMLCanvasElement;
          const { width, height } = canvas;
          const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
          const pixels = new Uint32Array(data.buffer);
          return new Set(pixels).size;
        }),
      );
    // Nothing, free and large in one zone; nothing and free in the other.
    await expect.poll(drawn, { timeout: MOST_MS }).toEqual(expect.arrayContaining([2, 3]));
  });

  test('follows the reader’s colour scheme, also when that changes', async () => {
    const colours = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('#zones canvas')!;
        const [cell] = canvas.getContext('2d')!.getImageData(2, 2, 1, 1).data;
        return { ground: getComputedStyle(document.body).backgroundColor, cell };
      });
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(colours).toMatchObject({ ground: 'rgb(244, 245, 248)', cell: 0xe6 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(colours).toMatchObject({ ground: 'rgb(16, 19, 26)', cell: 0x24 });
  });

  test('is used with the keyboard alone', async () => {
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the map');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Pause');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement!).outlineStyle,
    );
    expect(outline).toBe('solid');
    await page.keyboard.press('Space');
    expect(await page.getAttribute('#pause', 'aria-pressed')).toBe('true');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight'); // from "size class" to "tier"
    expect(await page.isChecked('input[value=tier]')).toBe(true);
    await page.keyboard.press('Tab');
    expect(await text('#cell')).toMatch(/^dma zone, .* at 4 KiB: free/);
    await page.keyboard.press('ArrowRight');
    expect(await text('#cell')).toMatch(/ at 12 KiB: free/);
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    expect(await text('#cell')).toMatch(/^dma zone, .* at 16.0 MiB: free/);
    await page.keyboard.press('Home');
    expect(await text('#cell')).toMatch(/ at 4 KiB: free/);
  });

  test('can be read without eyes', async () => {
    const unnamed = await page.$$eval(
      'section, canvas[tabindex], [role=img], button, input',
      (all) =>
        all
          .filter((it) => {
            const { labels } = it as HTMLInputElement;
            const named = it.getAttribute('aria-labelledby') ?? '';
            const name =
              it.getAttribute('aria-label') ?? document.getElementById(named)?.textContent;
            return !(name || it.textContent || labels?.[0]?.textContent);
          })
          .map((it) => it.outerHTML),
    );
    expect(unnamed).toEqual([]);
    await shows(
      '[aria-live][role=status]',
      /^0 B of 2\d\.\d MiB live in 0 blocks\. .* a second\. 1 thread attached, .* healthy\.$/,
    );
    const loose = await page.$$eval(
      '.tables th',
      (all) => all.filter((th) => th.getAttribute('scope') !== 'col').length,
    );
    expect(loose).toBe(0);
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  test('says when the heap is not to be seen any more, and finds the next one', async () => {
    await inspector.close();
    await shows('#notice', /not to be seen/);
    const { port } = new URL(inspector.url);
    const next = SharedHeap.create({ size: '4MiB' });
    next.alloc(100_000);
    inspector = await serveInspector(next, { port: Number(port) });
    await shows('#tile-live', '100 KiB');
    expect(await page.isHidden('#notice')).toBe(true);
    next.detach();
    await shows('#notice', /detach/);
  });
});
