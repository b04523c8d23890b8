// One worker of a siege: recovers whoever has died, and so its predecessor, takes over its player
// where that one stopped, and plays until the siege is called off or it is itself killed.
import { threadId } from 'node:worker_threads';
import { SharedHeap } from '../src/index.ts';
import { recoverHere, setAtWork } from '../bench/siege/ground.ts';
import { Player } from '../bench/siege/player.ts';
import type { SiegeTask } from '../bench/siege/garrison.ts';

export function play({ ground, player: number }: SiegeTask): readonly string[] {
  const heap = SharedHeap.attach(ground.heap);
  try {
    setAtWork(ground, number, threadId);
    recoverHere(heap, ground);
    const player = new Player(heap, ground, number);
    player.play();
    return player.notes;
  } finally {
    setAtWork(ground, number, 0);
    heap.detach();
  }
}
