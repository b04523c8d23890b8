// What tests of programs that use a heap import, as `atomalloc/testing`: one allocation after the
// other refused, and a look at whether the heap is what it was. Public names only.

export { failNth, failNthAsync, FailNthError } from './testing/failnth.ts';
export type { FailNthOptions, FailNthRun } from './testing/failnth.ts';
export { stateHash } from './testing/state.ts';
