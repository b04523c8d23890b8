// What can go wrong, as values. Running out of memory, a bad size, a bad pointer are results and
// never exceptions; only misuse while a heap is set up (a bad option, a foreign handle) throws, and
// then a HeapError that says what to do.

/** Why a request was refused: README says what to do about each. */
export type AllocErrorCode =
  | 'OUT_OF_MEMORY'
  | 'INVALID_SIZE'
  | 'INVALID_ALIGNMENT'
  | 'INVALID_ZONE'
  | 'INVALID_POINTER'
  | 'DOUBLE_FREE'
  | 'CORRUPTION_DETECTED'
  | 'NO_SLOT'
  | 'DETACHED'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'RETAINED'
  | 'NOT_RETAINED'
  | 'REFERENCES_FULL'
  | 'JOURNAL_FULL'
  | 'OVER_BUDGET';

/** Why an operation said no. `requested` is the size asked for, or the pointer given. */
export interface AllocError {
  readonly code: AllocErrorCode;
  readonly requested: number;
  readonly message: string;
  /** There was memory: `heap.faults` has refused it. */
  readonly injected?: true;
}

/** An outcome as a value. */
export type Result<T, E = AllocError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): Result<T, never> {
  return { ok: true, value };
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error };
}

const ADVICE: Record<AllocErrorCode, string> = {
  OUT_OF_MEMORY: 'no free memory of that size; free blocks, or create the heap with a larger size',
  INVALID_SIZE: 'a size is a whole number of bytes from 1 to the size of the heap',
  INVALID_ALIGNMENT: 'an alignment is a power of two, at most the size of a zone',
  INVALID_ZONE: "a zone is 'dma', 'normal' or 'high'",
  INVALID_POINTER: 'this is not the start of a block of this heap',
  DOUBLE_FREE: 'this block is free already',
  CORRUPTION_DETECTED: 'the heap is damaged here; heap.validate() tells where',
  NO_SLOT: 'every slot is taken; detach a thread, or create the heap with more maxSlots',
  DETACHED: 'this thread has detached from the heap; attach again with SharedHeap.attach(handle)',
  ABORTED: 'the transaction was rolled back, here or by another of its threads; begin another',
  TIMEOUT: 'the time allowed is over',
  RETAINED: 'threads have references to this block: release them, and the last one frees it',
  NOT_RETAINED: 'this thread has no reference to this block; retain it first',
  REFERENCES_FULL: 'no room to note a reference; release others, or create a larger heap',
  JOURNAL_FULL: 'no journal is left; end other transactions, or do less in one',
  OVER_BUDGET: 'its budget is used up; free blocks of that budget, or give it a larger max',
};

export function allocError(code: AllocErrorCode, requested: number): AllocError {
  return { code, requested, message: `${code} (${String(requested)}): ${ADVICE[code]}` };
}

/** Why a request was refused that was to be refused. */
export function injectedError(requested: number): AllocError {
  const message = `OUT_OF_MEMORY (${String(requested)}): refused on purpose, by heap.faults`;
  return { code: 'OUT_OF_MEMORY', requested, message, injected: true };
}

/** Why a call threw: README says what to do about each. */
export type HeapErrorCode =
  | 'BAD_OPTION'
  | 'BAD_BUFFER'
  | 'BAD_HANDLE'
  | 'BAD_VERSION'
  | 'BAD_VIEW'
  | 'BAD_NAME'
  | 'NO_SLOT'
  | 'NO_JOURNAL'
  | 'DETACHED'
  | 'CRASHED';

/** Thrown for misuse at set-up. The message says what to do. */
export class HeapError extends Error {
  readonly code: HeapErrorCode;

  constructor(code: HeapErrorCode, message: string) {
    super(message);
    this.name = 'HeapError';
    this.code = code;
  }
}
