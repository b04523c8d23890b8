// One thread of one side of a contest: joins the side's memory, then plays a round of so many turns
// whenever it is told to, until it is told to play none; then it frees everything and leaves.
import { parentPort, workerData } from 'node:worker_threads';
import type { BencherOrders } from '../bench/suite/crew.ts';
import { loadPeer } from '../bench/versus/peers.ts';
import { Gate, timeAlone } from '../bench/workloads/gate.ts';

const { peer: name, data, part, arrived } = workerData as BencherOrders;
const port = parentPort!;
const peer = await loadPeer(name);
const { work, leave } = peer.join(data, part);
const gate = new Gate(arrived, part.threads);

port.on('message', (turns: number) => {
  if (turns > 0) {
    const stretch = part.threads > 1 ? gate.time(work, turns) : timeAlone(work, turns);
    return port.postMessage(stretch);
  }
  work.finish();
  leave();
  return port.close();
});
port.postMessage(work.ops);
