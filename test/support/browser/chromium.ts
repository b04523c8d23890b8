// A Chromium without a window, where there is one: that of CHROMIUM, or the first in the PATH.
// Whoever needs one skips, loudly, without it.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser'];
/** Nothing is timed: one that has not started by then, on whatever machine, never will. */
export const PATIENCE_MS = 120_000;

/** Its program; undefined if there is none. */
export const chromiumPath: string | undefined = process.env['CHROMIUM'] ?? inPath();

if (chromiumPath === undefined) {
  const how = 'install Debian’s package chromium, or say where one is: CHROMIUM=/path/to/chromium';
  console.warn(`SKIPPED: no Chromium here, so nothing is tested in a browser; ${how}`);
}

/** A host `insecure.test` is this machine, without its privileges. */
export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--host-resolver-rules=MAP insecure.test 127.0.0.1'];
  const timeout = PATIENCE_MS;
  return chromium.launch({ executablePath: chromiumPath as string, args, timeout });
}

function inPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((it) => NAMES.map((name) => join(it, name))).find((it) => existsSync(it));
}
