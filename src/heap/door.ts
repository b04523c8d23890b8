// The way into a heap for what is built on top of it (src/parts): the session of this thread, with
// its locks, its layers and its recovery, as a heap's own calls have it. Not for users: it is not
// among the public names.
//
// What runs inside may take locks of its own, in the name of the thread's seat, but holds none of
// the heap's when it returns. If it is cut by an exception, the seat is given up (seated.ts).

import type { Session } from './session.ts';

/** Runs `work` with the thread's session; throws DETACHED or NO_SLOT when there is none. */
export type Inside = <T>(work: (session: Session) => T) => T;

/** Under which a heap has its door. */
export const DOOR: unique symbol = Symbol('door');

export function insideOf(heap: { readonly [DOOR]: Inside }): Inside {
  return heap[DOOR];
}
