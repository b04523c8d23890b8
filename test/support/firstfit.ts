// A first-fit heap as plain lists: arenas, the latest first, each a row of live blocks with holes
// between them. It foretells where every block of the simple heap has to come to lie.

export interface ModelArena {
  /** First granule for blocks, and one past the last. */
  readonly start: number;
  readonly end: number;
  /** Live blocks in order. */
  readonly blocks: { start: number; granules: number }[];
}

export interface Stretch {
  readonly start: number;
  readonly granules: number;
  readonly live: boolean;
}

export class FirstFit {
  readonly arenas: ModelArena[] = [];

  get live(): { start: number; granules: number }[] {
    return this.arenas.flatMap((arena) => arena.blocks);
  }

  /** Where a block of so many granules goes; 0 if no arena has room. */
  place(granules: number, align: number): number {
    for (const arena of this.arenas) {
      for (const hole of rowOf(arena).filter((it) => !it.live)) {
        const at = Math.ceil(hole.start / align) * align;
        if (at + granules <= hole.start + hole.granules) return at;
      }
    }
    return 0;
  }

  add(start: number, granules: number): void {
    const { blocks } = this.arenaOf(start);
    blocks.push({ start, granules });
    blocks.sort((a, b) => a.start - b.start);
  }

  /** Takes a block away, and its arena with its last one. */
  remove(start: number): void {
    const arena = this.arenaOf(start);
    const at = arena.blocks.findIndex((block) => block.start === start);
    arena.blocks.splice(at, 1);
    if (arena.blocks.length === 0) this.arenas.splice(this.arenas.indexOf(arena), 1);
  }

  /** How long the block at `start` can become where it stands. */
  roomAt(start: number): number {
    const arena = this.arenaOf(start);
    const next = arena.blocks.find((block) => block.start > start)?.start ?? arena.end;
    return next - start;
  }

  resize(start: number, granules: number): void {
    const block = this.arenaOf(start).blocks.find((it) => it.start === start);
    if (block !== undefined) block.granules = granules;
  }

  arenaOf(granule: number): ModelArena {
    const arena = this.arenas.find((it) => granule >= it.start && granule < it.end);
    if (arena === undefined) throw new Error(`granule ${String(granule)} is in no arena`);
    return arena;
  }
}

/** An arena's blocks and holes in order: no two holes side by side. */
export function rowOf(arena: ModelArena): Stretch[] {
  const row: Stretch[] = [];
  let at = arena.start;
  const holeUpTo = (end: number) => {
    if (end > at) row.push({ start: at, granules: end - at, live: false });
  };
  for (const { start, granules } of arena.blocks) {
    holeUpTo(start);
    row.push({ start, granules, live: true });
    at = start + granules;
  }
  holeUpTo(arena.end);
  return row;
}
