// What a protocol mutant is, and a short way to write one down.

import type { Edit } from '../loader.ts';

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** A scenario that shows it, and whether somebody has to die for it. */
  readonly shownBy: string;
  readonly dying?: boolean;
  /** Preemptions that it takes to show it: 2, or with a death none, when not given. */
  readonly preemptions?: number;
}

export function mutant(
  name: string,
  shownBy: string,
  path: string,
  from: string,
  to: string,
  dying = false,
): Mutant {
  return { name, edits: [{ path, from, to }], shownBy, dying };
}

export const dying = true;
