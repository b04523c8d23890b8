// What is promised wherever threads share a heap, which tests show it, and what of it a runtime
// does not let us keep: by a fact about that runtime, which is asked for each time, so the tests
// are played as soon as it mends its ways.

import type { Facts } from './facts.ts';

export interface PromiseRow {
  readonly promise: string;
  /** Files below test/, without their ending. */
  readonly files: readonly string[];
  /** Which tests in them, by their full names; all that no row above has. */
  readonly tests?: RegExp;
  /** Among the few that are played in short. */
  readonly short?: true;
}

export interface Limit {
  /** Where that is so, there is no such limit. */
  readonly fact: keyof Facts;
  readonly tests: RegExp;
}

/** The facts as the table has them. */
export const FACTS: Readonly<Record<keyof Facts, string>> = {
  stops: '`terminate` stops a thread wherever it is',
  exitIsEnd: 'a worker’s `exit` comes after its last write',
  closes: 'a port closes when its thread ends',
  asks: 'the system tells which threads run (`/proc`)',
  large: 'a SharedArrayBuffer may exceed 4 GiB',
  plain: 'a worker does not look like a browser’s',
  imports: 'a program given by `-e` may import (only these tests need it)',
};

/** A test belongs to the first that takes it. */
export const PROMISES: readonly PromiseRow[] = [
  {
    promise: 'the threads of these tests are that runtime’s',
    files: ['threads/runtimes'],
    short: true,
  },
  {
    promise: 'heaps beyond 4 GiB',
    files: ['threads/handover', 'parts/record', 'parts/wasm'],
    tests: /beyond (2 and )?4 GiB/,
  },
  {
    promise: 'a process whose work is done ends by itself',
    files: ['threads/pools', 'host/watch', 'threads/heaptasks'],
    tests: /(done|of its heap) ends by itself/,
  },
  { promise: 'one thread frees what another has allocated', files: ['threads/handover'] },
  { promise: 'threads come and go, in good order', files: ['threads/slots'] },
  { promise: 'roots that all threads name', files: ['threads/roots'], short: true },
  { promise: 'transactions of several threads', files: ['threads/transactions'] },
  { promise: 'the dead are recovered: the system is asked', files: ['host/asking'] },
  { promise: '… where it cannot be: by the sentinel', files: ['host/sentinel'] },
  { promise: '… by `watch` and `reap`', files: ['host/watch'] },
  { promise: 'what the dead owned comes back', files: ['threads/owners'] },
  { promise: 'waiting for memory: `waitMs`', files: ['threads/waiting'] },
  {
    promise: 'waiting for memory: `allocAsync`',
    files: ['heap/patient'],
    tests: /a request that waits/,
  },
  { promise: 'channels, and deaths at both ends', files: ['threads/channels'] },
  { promise: '`sendAsync` and `receiveAsync`', files: ['parts/channelasync'] },
  { promise: 'tasks of piscina and tinypool', files: ['threads/heaptasks', 'threads/pools'] },
  { promise: 'plain workers, comlink, workerpool', files: ['threads/heapworkers', 'host/worker'] },
  { promise: 'text, records, WebAssembly', files: ['parts/text', 'parts/record', 'parts/wasm'] },
];

/** `npm start`, which replays real programs and then kills workers, has a row of its own. */
export const REPLAY = 'real programs’ traffic, then under fire (`npm start`)';

const KILLED = [
  'a worker that is terminated is recovered .*(park|spin|wait|lock)$',
  'ends its child',
  'who listens hears',
  'its pool of piscina gives up',
  'with the main thread blocked',
  'threads are killed',
  'when one is terminated',
  'a terminated worker’s own blocks',
  'a leader on another thread that is terminated',
  'that dies in line',
  'is killed, or ends by itself, takes its task',
  'aborted job leaves nothing',
];

export const LIMITS: readonly Limit[] = [
  { fact: 'stops', tests: new RegExp(KILLED.join('|')) },
  {
    fact: 'closes',
    tests: /cannot be asked about threads .*: rest$|the sentinel (lets|is followed)/,
  },
  { fact: 'exitIsEnd', tests: /a heap without a sentinel (recovers|leaves)/ },
  { fact: 'large', tests: /beyond (2 and )?4 GiB/ },
  { fact: 'plain', tests: /with workerpool/ },
  { fact: 'imports', tests: /(done|of its heap) ends by itself/ },
];
