/// <reference lib="dom" />
// The page: takes looks as the server sends them, and shows them. The map and the tiles follow each
// look, tables once a second, and a summary for who listens every fifteen. When the connection
// breaks the browser tries again, also when another heap is served at the same address by then.

import type { Picture } from '../look.ts';
import { bytesText, countText, shareText, summaryText } from '../wording.ts';
import { onScheme } from './colours.ts';
import { MapView, type ColourBy } from './map.ts';
import { Plots } from './plots.ts';
import { showTables } from './tables.ts';

type Sent = Picture & { readonly periodMs: number; readonly lookMs: number };

const TABLES_MS = 1000;
const SUMMARY_MS = 15_000;
const LOST = 'The heap is not to be seen: it may have ended. What is below was seen last.';

const map = new MapView(find('zones'), find('cell'), find('legend'));
const plots = new Plots();
let paused = false;
let tablesMs = -Infinity;
let summaryMs = -Infinity;
let gone = '';

function find(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

function put(id: string, text: string): void {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}

function notice(text: string): void {
  find('notice').hidden = text === '';
  put('notice', text);
}

function show(picture: Sent): void {
  if (paused) return;
  showHead(picture);
  showTiles(picture);
  map.show(picture);
  plots.show(picture);
  const now = performance.now();
  if (now - tablesMs >= TABLES_MS) {
    showTables(picture);
    tablesMs = now;
  }
  if (now - summaryMs >= SUMMARY_MS && picture.seconds > 0) {
    put('summary', summaryText(picture));
    summaryMs = now;
  }
}

function showHead({ headline, mode, health, periodMs, lookMs, tracksOwners }: Sent): void {
  const { totalBytes, metadataBytes } = headline;
  put('what', `${mode}, ${bytesText(totalBytes)} and ${bytesText(metadataBytes)} of metadata`);
  put(
    'pace',
    `a look every ${(periodMs / 1000).toFixed(2)} s, ${shareText(lookMs / periodMs)} of a thread`,
  );
  put('health', health.length === 0 ? 'healthy' : 'not healthy');
  find('health').className = `pill ${health.length === 0 ? 'good' : 'bad'}`;
  find('health').title = health.join('; ');
  const owner = document.querySelector<HTMLInputElement>('input[value=owner]');
  if (owner !== null) owner.disabled = !tracksOwners;
  owner?.parentElement?.setAttribute(
    'title',
    tracksOwners ? 'whose a live block is that was found there' : 'needs a heap with trackOwners',
  );
}

function showTiles({ headline: h, workers, recoveries }: Sent): void {
  tile('live', bytesText(h.liveBytes), `peak ${bytesText(h.peakBytes)}`);
  tile('pages', shareText(h.usedPages / h.pages), `slab slack ${shareText(h.slabSlack)}`);
  tile(
    'allocs',
    countText(h.allocRate),
    workers.length === 1 ? 'by 1 thread' : `by ${String(workers.length)} threads`,
  );
  tile('frees', countText(h.freeRate), `${countText(h.badFrees)} bad ones so far`);
  tile('locks', countText(h.contendedRate), `${countText(h.lockWaitRate)} slept for`);
  tile('transactions', countText(h.commitRate), `${countText(h.rollbackRate)} rolled back / s`);
  tile('deaths', countText(recoveries.count), `worst in ${recoveries.worstMs.toFixed(1)} ms`);
  tile('refused', countText(h.failures), `waiting ${shareText(h.pressure10)}`);
}

function tile(id: string, figure: string, note: string): void {
  put(`tile-${id}`, figure);
  put(`note-${id}`, note);
}

function watchButtons(): void {
  const pause = find('pause');
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
  });
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=colour]')) {
    input.addEventListener('change', () => map.colourBy(input.value as ColourBy));
  }
  addEventListener('resize', () => map.draw());
  onScheme(() => map.draw());
}

function listen(): void {
  const events = new EventSource('/events');
  const charts = plots.canDraw
    ? ''
    : 'There are no charts without the package uplot: npm install --save-dev uplot, then reload. ' +
      'The tables have all figures.';
  events.addEventListener('message', ({ data }) => show(JSON.parse(String(data)) as Sent));
  events.addEventListener('open', () => {
    gone = '';
    notice(charts);
  });
  events.addEventListener('error', () => notice(gone || LOST));
  events.addEventListener('gone', ({ data }) => {
    gone = String(JSON.parse(String(data)));
  });
}

watchButtons();
listen();
