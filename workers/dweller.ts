// One worker on a node of a simulated machine: it replaces blocks of mixed sizes, its own or also
// another's, and tells which share of those that it was given lay in its own half of the memory.
import { parentPort, workerData } from 'node:worker_threads';
import { HALF, type DwellerOrders } from '../bench/space/affinity.ts';
import { below, nextRandom, seedOf } from '../bench/workloads/random.ts';
import { SharedHeap } from '../src/index.ts';

const { heap: handle, home, says, table, first, end, turns } = workerData as DwellerOrders;
const heap = SharedHeap.attach(handle);
if (says) heap.setAffinity(home);
let random = seedOf(home === 'high' ? 1 : 0);
const dice = (limit: number): number => below((random = nextRandom(random)), limit);
let [given, local] = [0, 0];
for (let turn = 0; turn < turns; turn++) {
  const ptr = heap.alloc(8 + dice(2000));
  if (ptr === 0) continue;
  given++;
  if (ptr >= HALF === (home === 'high')) local++;
  const old = Atomics.exchange(table, first + dice(end - first), ptr / 16);
  if (old !== 0) heap.free(old * 16);
}
parentPort?.postMessage(local / given);
