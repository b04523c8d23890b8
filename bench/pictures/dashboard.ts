// The picture of the dashboard in the README: workers under fire, as a browser shows them. Build,
// then `node dist/bench/pictures/dashboard.js [seconds]`, where there is a Chromium (CHROMIUM says
// where it is, if it is not the system's).
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serveInspector } from '../../src/host/inspector.ts';
import { readTrace } from '../replay/trace.ts';
import { Siege } from '../siege/siege.ts';

const ROOT = new URL('../../../', import.meta.url); // from dist/bench/pictures
const TRACES = fileURLToPath(new URL('bench/traces/', ROOT));
const PICTURE = fileURLToPath(new URL('bench/results/dashboard.png', ROOT));
const SIZE = { width: 1200, height: 1600 };
const MARGIN = 14;
const PLAN = { workers: 8, killEveryMs: 400, mode: 'two-tier' } as const;
const SECONDS = 125; // the charts show two minutes

async function main(seconds: number): Promise<void> {
  const files = readdirSync(TRACES).filter((file) => file.endsWith('.atrc.gz'));
  const traces = files.map((file) => readTrace(`${TRACES}${file}`));
  const siege = new Siege({ ...PLAN, traces, seconds }, () => undefined);
  const inspector = await serveInspector(siege.heap, { keepAlive: false });
  const played = siege.run();
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
  await page.goto(inspector.url);
  await sleep(seconds * 900);
  const charts = await page.locator('.grid').boundingBox();
  const height = Math.ceil((charts?.y ?? 0) + (charts?.height ?? 0) + MARGIN);
  await page.screenshot({ path: PICTURE, clip: { x: 0, y: 0, width: SIZE.width, height } });
  await browser.close();
  await played;
  await inspector.close();
  console.log(PICTURE);
}

await main(Number(process.argv[2] ?? SECONDS));
