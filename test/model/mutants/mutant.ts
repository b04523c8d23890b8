// What a protocol mutant is, and a short way to write one down.

import type { Edit } from '../loader.ts';
import type { Adversary } from '../walk.ts';

/** What is done with the scenario: all orders within two preemptions, when nothing is said. */
export interface Way {
  /** Somebody dies at each access in turn. */
  readonly dying?: boolean;
  /** So many die in one schedule; one when not given. */
  readonly strikes?: number;
  /** Preemptions that it takes: 2, or with a death none, when not given. */
  readonly preemptions?: number;
  /** Random schedules with this adversary instead. */
  readonly walk?: Adversary;
  /** The stack overflows where otherwise somebody would die. */
  readonly thrown?: boolean;
}

export interface Mutant extends Way {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** A scenario that shows it. */
  readonly shownBy: string;
}

export function mutant(
  name: string,
  shownBy: string,
  path: string,
  from: string,
  to: string,
  way: Way = {},
): Mutant {
  return { name, edits: [{ path, from, to }], shownBy, ...way };
}

/** As `mutant`, with several edits of one file. */
export function mutantOf(
  name: string,
  shownBy: string,
  path: string,
  edits: readonly (readonly [from: string, to: string])[],
  way: Way = {},
): Mutant {
  return { name, edits: edits.map(([from, to]) => ({ path, from, to })), shownBy, ...way };
}

export const dying: Way = { dying: true };
