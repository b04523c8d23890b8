// What the page is made of, by the path under which a browser asks for it: text that is in this
// package, and the charts' library, uPlot, which is an optional peer of it: without that the page
// has no charts and says so.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { HTML } from './html.ts';
import { STYLE } from './style.ts';

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLESHEET = 'text/css; charset=utf-8';
const MODULES = ['wording', 'page/page', 'page/plots', 'page/map', 'page/tables', 'page/colours'];
const LIBRARY = { '/uplot.js': 'uPlot.iife.min.js', '/uplot.css': 'uPlot.min.css' };
/** Where compiled modules are: beside this file, unless this file runs uncompiled. */
const COMPILED = import.meta.url.endsWith('.ts') ? '../../../dist/src/host/inspector/' : './';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const kept = new Map<string, Asset>();

/** What is there; a sentence why it is not; or null: nothing ever is. */
export function assetAt(path: string): Asset | string | null {
  const known = kept.get(path);
  if (known !== undefined) return known;
  const found = find(path);
  if (found !== null && typeof found === 'object') kept.set(path, found);
  return found;
}

function find(path: string): Asset | string | null {
  if (path === '/') return { type: 'text/html; charset=utf-8', body: HTML };
  if (path === '/style.css') return { type: STYLESHEET, body: STYLE };
  const module = MODULES.find((name) => path === `/${name}.js`);
  if (module !== undefined) return moduleAt(`${module}.js`);
  const file = Object.entries(LIBRARY).find(([name]) => name === path)?.[1];
  return file === undefined ? null : libraryAt(file);
}

function moduleAt(name: string): Asset | string {
  try {
    const body = readFileSync(new URL(`${COMPILED}${name}`, import.meta.url), 'utf8');
    return { type: SCRIPT, body };
  } catch {
    return `${name} is missing: build the package, or keep atomalloc out of the bundle (external)`;
  }
}

function libraryAt(file: string): Asset | string {
  try {
    const path = createRequire(import.meta.url).resolve(`uplot/dist/${file}`);
    const type = file.endsWith('.js') ? SCRIPT : STYLESHEET;
    return { type, body: readFileSync(path, 'utf8') };
  } catch {
    return 'uplot is not installed: npm install --save-dev uplot';
  }
}
