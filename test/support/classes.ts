// Size classes for tests: few, with few blocks in a slab and in a magazine, so that a handful of
// steps fills and empties all of them.

import type { ClassGeometry } from '../../src/word/geometry.ts';

/** Blocks of 64 bytes, four to a page of 256; magazines of three; slabs of up to four pages. */
export const SMALL: ClassGeometry = {
  granules: 4,
  pages: 1,
  maxPages: 4,
  capacity: 3,
};

/** Blocks of 160 bytes, three to a slab of two pages. */
export const MIDDLE: ClassGeometry = {
  granules: 10,
  pages: 2,
  maxPages: 2,
  capacity: 3,
};

/** Blocks of three pages, in slabs of one block. */
export const RUN: ClassGeometry = {
  granules: 48,
  pages: 3,
  maxPages: 3,
  capacity: 3,
};

export const FEW: readonly ClassGeometry[] = [SMALL, MIDDLE, RUN];
