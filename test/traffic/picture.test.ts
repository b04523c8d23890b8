// The picture of the heap shows every stretch by what it is used for, with and without colour.
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { drawHeap } from '../../bench/replay/picture.ts';
import { SharedHeap, type HeapExtent } from '../../src/index.ts';

const PAGE = 4096;
const plain = pc.createColors(false);

// Consecutive extents of one zone, each given by its pages.
function lay(...list: (Partial<HeapExtent> & { pages: number })[]): HeapExtent[] {
  let ptr = PAGE;
  return list.map(({ pages, ...rest }) => {
    const extent: HeapExtent = { ptr, bytes: pages * PAGE, zone: 'dma', use: 'free', ...rest };
    ptr += extent.bytes;
    return extent;
  });
}

const slab = (pages: number, blockBytes: number, blocksInUse: number) => {
  return { pages, use: 'slab' as const, blockBytes, blocksInUse, blocks: 10 };
};

function cells(picture: string): string {
  const rows = picture.split('\n').filter((line) => /^ *\d+(\.\d)? [KMG]?i?B {2}/.test(line));
  return rows.map((line) => line.slice(12)).join('');
}

describe('the picture of a heap', () => {
  it('has a character for every page of a small heap, by its use', () => {
    const extents = lay(
      slab(2, 64, 9),
      slab(1, 80, 1),
      slab(1, 1024, 5),
      slab(1, 4096, 0),
      { pages: 3, use: 'run' },
      { pages: 2 },
      { pages: 1, use: 'simple' },
      { pages: 100 },
    );
    const picture = drawHeap(extents, PAGE, plain);
    expect(cells(picture)).toBe('AAbCd###..~');
    expect(picture).toContain('dma zone, 444 KiB');
    expect(picture).toContain('and 400 KiB free');
    expect(picture).toContain('Each character is 4 KiB');
  });

  it('gives a character of a large heap to what most of it is used for', () => {
    const many = Array.from({ length: 1024 }, () => [
      { pages: 1 },
      { pages: 3, use: 'run' as const },
    ]);
    const picture = drawHeap(lay(...many.flat()), PAGE, plain);
    expect(picture).toContain('Each character is 32 KiB');
    expect(cells(picture)).toBe('#'.repeat(512));
  });

  it('draws a zone that is not used at all', () => {
    expect(drawHeap(lay({ pages: 10 }), PAGE, plain)).toContain('and 40 KiB free');
  });

  it('says the same in colour', () => {
    const extents = lay(slab(2, 64, 9), { pages: 3, use: 'run' }, { pages: 2 }, slab(1, 64, 1));
    const coloured = drawHeap(extents, PAGE, pc.createColors(true));
    expect(coloured).toContain('\u001b[');
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(drawHeap(extents, PAGE, plain));
  });

  it('accounts for every page of a real heap', () => {
    const heap = SharedHeap.create({ size: '8MiB' });
    heap.alloc(500_000);
    for (let size = 16; size < 60_000; size += 333) heap.alloc(size);
    const { pages, pageBytes } = heap.stats();
    const extents = heap.extents();
    expect(extents.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(pages * pageBytes);
    const picture = drawHeap(extents, pageBytes, plain);
    expect(cells(picture)).toMatch(/^[aAbBcCdD#.]+$/);
    expect(cells(picture)).toMatch(/[A-D].*#|#.*[A-D]/);
  });
});
