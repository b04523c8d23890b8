// The page before there is anything on it. Its sections stand in the order in which a reader goes
// through them, with or without eyes: every chart and the map has a table of the same figures.

import { EVERY } from '../../slot/latency.ts';
import { SECONDS } from './rates.ts';

const TILES = [
  ['live', 'Live'],
  ['pages', 'Pages in use'],
  ['allocs', 'Allocations / s'],
  ['frees', 'Frees / s'],
  ['locks', 'Contention / s'],
  ['transactions', 'Transactions / s'],
  ['deaths', 'Dead recovered'],
  ['refused', 'Refused'],
] as const;

const COLOURS = [
  ['size', 'size class'],
  ['tier', 'tier'],
  ['fullness', 'fullness'],
  ['owner', 'owner'],
] as const;

const PLOTS = [
  ['memory', 'Memory', 'Live bytes and bytes of pages in use, over the last two minutes.'],
  ['rates', 'Calls per second of each worker', 'Allocations and frees, by the seat in the heap.'],
  ['contention', 'Locks per second', 'How often a lock was found taken, and how often one slept.'],
  ['deaths', 'Transactions and deaths per second', 'Commits, rollbacks and recovered threads.'],
] as const;

const TABLES = [
  ['workers', 'Workers'],
  ['orders', 'Fragmentation by order'],
  ['locks-table', 'Lock contention'],
  ['deaths-table', 'Latest recoveries'],
  ['classes', 'Size classes'],
  ['tiers', 'Map, as a table'],
] as const;

/** What is to be known to read a table. */
const NOTES: Readonly<Record<string, string>> = {
  workers:
    'Slow allocs are those that no magazine could serve: refills, waits for locks, larger ' +
    `blocks. One in ${String(EVERY)} of a thread’s slow calls is timed; p50 and p99 are of the ` +
    `last ${String(SECONDS)} s, rounded up to a power of two. All other allocs take some ` +
    'nanoseconds.',
};

const tiles = TILES.map(([id, name]) => {
  const figure = `<dd id="tile-${id}">–</dd><dd class="note" id="note-${id}">&nbsp;</dd>`;
  return `<div class="tile"><dt>${name}</dt>${figure}</div>`;
});

const choices = COLOURS.map(([id, name], index) => {
  const checked = index === 0 ? ' checked' : '';
  return `<label><input type="radio" name="colour" value="${id}"${checked}> ${name}</label>`;
});

const plots = PLOTS.map(([id, name, text]) => {
  const label = `Chart: ${text} The tables have the same figures.`;
  return card(
    id,
    name,
    `<div class="plot" id="plot-${id}" role="img" aria-label="${label}"></div>`,
  );
});

/** What is longer than its card can be scrolled, also with the keyboard. */
const tables = TABLES.map(([id, name]) => {
  const region = `class="scroll" tabindex="0" role="region" aria-labelledby="head-${id}"`;
  const [described, note] = noteOf(id);
  return card(id, name, `<div ${region}><table id="${id}"${described}></table></div>${note}`);
});

function noteOf(id: string): [attribute: string, paragraph: string] {
  const text = NOTES[id];
  if (text === undefined) return ['', ''];
  const about = `about-${id}`;
  return [` aria-describedby="${about}"`, `<p id="${about}" class="quiet">${text}</p>`];
}

function card(id: string, name: string, content: string): string {
  const head = `<h2 id="head-${id}">${name}</h2>`;
  return `<section class="card" aria-labelledby="head-${id}">${head}${content}</section>`;
}

export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>atomalloc: the heap, live</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/uplot.css">
<link rel="stylesheet" href="/style.css">
<script src="/uplot.js" defer></script>
<script src="/page/page.js" type="module"></script>
</head>
<body>
<a class="skip" href="#map">Skip to the map</a>
<header>
<h1>atomalloc</h1>
<p id="what">waiting for the heap …</p>
<p id="health" class="pill">–</p>
<p id="pace" class="quiet"></p>
<button type="button" id="pause" aria-pressed="false">Pause</button>
</header>
<main>
<p id="notice" class="notice" role="alert" hidden></p>
<p id="summary" class="unseen" role="status" aria-live="polite"></p>
<dl class="tiles" aria-label="Figures">${tiles.join('\n')}</dl>
<section class="card" id="map" aria-labelledby="head-map">
<div class="row">
<h2 id="head-map">Pages</h2>
<fieldset><legend>Colour by</legend>${choices.join('')}</fieldset>
</div>
<div id="zones"></div>
<p id="cell" class="quiet" aria-live="polite">Point at a cell, or walk with the arrow keys.</p>
<ul id="legend" aria-label="Colours"></ul>
</section>
<div class="grid">${plots.join('\n')}</div>
<div class="tables">${tables.join('\n')}</div>
</main>
</body>
</html>
`;
