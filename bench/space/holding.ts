// What an allocator holds of the machine's memory for the requests that it is played.

/** Bytes, of ours of pages in use; of an allocator in C of resident pages beyond the first ones. */
export interface Holding {
  /** The most it ever held. */
  readonly peakBytes: number;
  /** What it holds after the last request, while some blocks are live. */
  readonly endBytes: number;
  /** What it holds after all blocks have been freed, and all that is idle has been reclaimed. */
  readonly afterBytes: number;
}

/** Why there is nothing to say of ours. */
export interface TooSlow {
  readonly tooSlow: string;
}

/** What can be said of ours besides. */
export interface OwnHolding extends Holding {
  /** Metadata that has been written to, in OS pages. */
  readonly metadataBytes: number;
  /** Bytes of live blocks after the last request, as long as the blocks are. */
  readonly blockBytes: number;
  /** What it holds after the last request when what is idle has been reclaimed. */
  readonly reclaimedBytes: number;
  /** After all was freed: free pages that cannot serve 64 KiB, beyond those of a new heap. */
  readonly unmergedBytes: number;
}
