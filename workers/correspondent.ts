// One worker that is sent what it works on and sends back what it has found, as programs do that
// share no memory: it counts a document's words, keeps the index that it is given, and answers
// queries from that.
import { parentPort } from 'node:worker_threads';
import { rank, type Ranked } from '../bench/analytics/answers.ts';
import { digestOf, type Digest, type Query } from '../bench/analytics/corpus.ts';
import { MapIndex, type IndexData } from '../bench/analytics/mapindex.ts';

/** One of these, or nothing: then it only says that it is there. */
export interface Asked {
  readonly bytes?: Uint8Array;
  readonly index?: IndexData;
  readonly query?: Query;
}

export type Told = Digest | readonly Ranked[] | 'ready';

let index = new MapIndex();

function answer({ bytes, index: given, query }: Asked): Told {
  if (bytes !== undefined) return digestOf(bytes);
  if (query !== undefined) return rank(index, query);
  if (given !== undefined) index = new MapIndex(given);
  return 'ready';
}

parentPort?.on('message', (asked: Asked) => parentPort?.postMessage(answer(asked)));
