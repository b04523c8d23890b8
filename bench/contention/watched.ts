// Ours with a watch on its locks: the same heap as `atomalloc`, in threads whose locks keep a log.
// Such threads are for the log alone: rounds that count are played by others, which have no watch.
import type { HeapHandle } from '../../src/index.ts';
import { plain } from '../versus/atomalloc.ts';
import type { Founded, Peer } from '../versus/peer.ts';
import { Log, logBuffer } from './log.ts';
import { setWatch } from './watch.ts';

/** What each thread is sent; the main thread reads the logs in it. */
export interface WatchedData {
  readonly handle: HeapHandle;
  readonly logs: SharedArrayBuffer;
}

export const watched: Peer = {
  found(job): Founded {
    const founded = plain.found(job);
    const logs = logBuffer(job.threads);
    const handle = founded.seat(0).data as HeapHandle;
    return { ...founded, seat: () => ({ data: { handle, logs } satisfies WatchedData }) };
  },
  join(data, part) {
    const { handle, logs } = data as WatchedData;
    setWatch(new Log(logs, part.thread));
    return plain.join(handle, part);
  },
};
