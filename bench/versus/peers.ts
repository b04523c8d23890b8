// All peers by name. A thread loads the one that it plays for and no other.
import type { Peer } from './peer.ts';

const messages = () => import('./message.ts');
const channels = () => import('./channels.ts');
const transactions = () => import('./transaction.ts');

const peers = {
  atomalloc: async () => (await import('./atomalloc.ts')).plain,
  'atomalloc checked': async () => (await import('./atomalloc.ts')).checked,
  'simple-heap': async () => (await import('./atomalloc.ts')).simple,
  'atomalloc watched': async () => (await import('../contention/watched.ts')).watched,
  'dlmalloc wasm': async () => (await import('./dlmalloc.ts')).dlmalloc,
  'thi.ng': async () => (await import('./thing.ts')).alone,
  'thi.ng + mutex': async () => (await import('./thing.ts')).behindMutex,
  'by a channel': async () => (await channels()).oneByOne,
  'by a channel, 32': async () => (await channels()).inBatches,
  'ringbuf.js': async () => (await import('./ringbuf.ts')).ringbuf,
  'SAB + message': async () => (await messages()).message,
  'transfer + message': async () => (await messages()).transferring,
  'clone + message': async () => (await messages()).cloning,
  'plain allocs': async () => (await transactions()).plain,
  'in a commit': async () => (await transactions()).committed,
  'in a rollback': async () => (await transactions()).rolledBack,
  'an empty commit': async () => (await transactions()).empty,
  'protect and commit': async () => (await transactions()).protectedAndCommitted,
  'protect and roll back': async () => (await transactions()).protectedAndRolledBack,
  'the copy alone': async () => (await transactions()).copied,
  'loop alone': async () => (await import('./loop.ts')).loop,
} satisfies Record<string, () => Promise<Peer>>;

export type PeerName = keyof typeof peers;

export function loadPeer(name: PeerName): Promise<Peer> {
  return peers[name]();
}
