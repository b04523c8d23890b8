// Contests of handing blocks to another thread: by pointer, through a ring of two threads that look
// again and again or by a channel; by postMessage of the same bytes; by a ring of bytes.
import type { PeerName } from '../versus/peers.ts';
import { OURS, type Contest, type Goal } from './contest.ts';
import { KIB, row } from './rows.ts';

const GROUP = 'hand-over';
const PEERS: readonly PeerName[] = [
  OURS,
  'by a channel',
  'by a channel, 32',
  'ringbuf.js',
  'SAB + message',
  'transfer + message',
  'clone + message',
  'loop alone',
];

const FIFTY_TIMES: Goal = { than: 'clone + message', times: 1 / 50, plusNs: 0 };

function handOver(name: string, size: number, goal: Goal | null = null): Contest {
  return row(GROUP, name, 'ring', { size, threads: 2, peers: PEERS, natives: false, goal });
}

export const HANDOVER_CONTESTS: readonly Contest[] = [
  handOver('16 B to another thread', 16),
  handOver('256 B to another thread', 256),
  handOver('4 KiB to another thread', 4 * KIB),
  handOver('64 KiB to another thread', 64 * KIB, FIFTY_TIMES),
  handOver('1 MiB to another thread', KIB * KIB),
];
