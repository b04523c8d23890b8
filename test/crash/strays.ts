// Strays: entries in a magazine that name blocks in use, as a free that was cut leaves them. Here
// they are planted, so that who takes from the magazine, or flushes it, comes upon them.

import { classOfState } from '../../src/block/statemap.ts';
import { MAGAZINE } from '../../src/word/layout.ts';
import { layersOf } from './account.ts';
import type { Client } from './client.ts';

/** In this thread's own magazines; nobody has the blocks, so anybody may take them. */
export function plantStrays(client: Client): void {
  const { heap, ledger } = client;
  const { magazines, memory, states } = layersOf(heap);
  for (const size of [16, 64, 1024, 9000, 20_000]) {
    const record = client.alloc(size);
    if (record < 0) continue;
    const granule = ledger.read(record).ptr / 16;
    const id = classOfState(states.get(granule));
    if (id <= 0) continue; // of no magazine's
    const at = magazines.at(id);
    const top = memory.get(at) + 1;
    if ((top & MAGAZINE.MASK) <= MAGAZINE.NONE) continue;
    memory.set(top, granule);
    memory.set(at, top);
    ledger.release(record);
  }
}
