// The blocks of a simple heap's arena, read from the state map.

import { Boundary } from '../../src/block/boundary.ts';
import type { Attachment } from '../../src/heap/attachment.ts';

/** Calls `see` for each block of the arena that starts at page `arena`, in order. */
export function forEachBlock(
  { map, states }: Attachment,
  arena: number,
  see: (block: number, granules: number) => void,
): void {
  const tags = new Boundary(states);
  const end = ((arena + map.run(arena)) << map.granuleShift) - 1;
  for (let block = (arena << map.granuleShift) + 1; block < end; block += tags.length(block)) {
    see(block, tags.length(block));
  }
}
