// The heap as text for people: free blocks as /proc/buddyinfo shows them, classes as /proc/slabinfo
// does, and the few lines that util.inspect prints.

import { ZONE_NAMES } from '../page/zone.ts';
import type { Attachment } from './attachment.ts';
import type { HeapStats } from './stats.ts';

/** One line per zone: free blocks of 2^0, 2^1, 2^2 … pages. */
export function buddyinfo(on: Attachment): string {
  const lines = on.zones.list.map((zone, i) => {
    const counts = zone.buddy.counts().map((count) => String(count).padStart(6));
    return `zone ${(ZONE_NAMES[i] ?? '').padEnd(7)}${counts.join('')}`;
  });
  return lines.join('\n');
}

/** One line per class that has ever had a block. */
export function slabinfo(stats: HeapStats): string {
  const head = ['bytes', 'live', 'cached', 'free', 'slabs', 'contended', 'waits'];
  const used = stats.classes.filter((c) => c.liveBlocks + c.cachedBlocks + c.freeBlocks > 0);
  const rows = used.map((c) => [
    c.blockBytes,
    c.liveBlocks,
    c.cachedBlocks,
    c.freeBlocks,
    c.slabs,
    c.lock.contended,
    c.lock.waits,
  ]);
  return [head, ...rows]
    .map((row) => row.map((cell) => String(cell).padStart(9)).join(' '))
    .join('\n');
}

/** What `console.log(heap)` shows. */
export function summary(stats: HeapStats, slot: number, healthy: boolean): string {
  const size = `${mib(stats.allocatedBytes)} of ${mib(stats.totalBytes)} MiB live`;
  const blocks = `${String(stats.liveBlocks)} blocks`;
  const pages = `${String(stats.pages - stats.freePages)} of ${String(stats.pages)} pages in use`;
  const health = healthy ? 'healthy' : 'not healthy';
  const here = `${stats.mode}, slot ${String(slot)}, ${health}`;
  return `SharedHeap { ${size}, ${blocks}, ${pages}, ${here} }`;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
