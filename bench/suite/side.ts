// A side of a contest, in whatever language: it plays rounds of as many turns as it is told, and
// says how long each took.

export interface Side {
  readonly name: string;
  /** Whether its allocator is written in C. */
  readonly native: boolean;
  /** Operations of each thread in one turn. */
  readonly ops: number;
  /** Plays a round; its wall time in nanoseconds. */
  round(turns: number): Promise<number>;
  /** Ends it; what was found wrong, in words. */
  close(): Promise<readonly string[]>;
}
