// A scribe's program: a worker that empties the tapes of one recording into a file. It has no seat,
// takes no lock and waits for nobody, so everybody may wait for it. It ends when the recording does
// (heap/recording.ts) and says what is in the file.
//
// A trace begins with counts that are known at its end. So events go, unpacked, into a file beside
// it, its spool, and whenever they have doubled, the trace is written anew from that, into a third
// one, which then takes its name. Whoever dies, the file is a whole trace of what was
// recorded until then, or until half as much, and the spool has the rest.

import { closeSync, createReadStream, createWriteStream, openSync, renameSync } from 'node:fs';
import { rmSync, writeSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createGzip } from 'node:zlib';
import { layoutOf } from '../word/geometry.ts';
import { HEADER } from '../word/layout.ts';
import { SlotTable } from '../slot/slot.ts';
import { TapeReader } from '../slot/tape.ts';
import { open, type HeapHandle } from '../heap/open.ts';
import type { RecordingFigures } from '../heap/recording.ts';
import { EVENT_BYTES, headerOf, Transcript, type Counts } from './transcript.ts';

export interface Commission {
  readonly handle: HeapHandle;
  readonly number: number;
  readonly file: string;
}

/** When the trace is written for the first time. */
const FIRST_EVENTS = 4096;
/** Between two looks at the tapes when nobody calls. */
const REST_MS = 2;
/** For what was begun before the recording ended. */
const LAST_MS = 1000;

const { handle, number, file } = workerData as Commission;
const { memory, geometry } = open(handle);
const layout = layoutOf(geometry);
const table = new SlotTable(memory, layout, geometry.maxSlots);
const spool = `${file}.spool`;
const part = `${file}.part`;
const transcript = new Transcript();

async function* contents(counts: Counts): AsyncGenerator<Uint8Array> {
  yield headerOf(counts);
  const end = counts.events * EVENT_BYTES - 1;
  if (end > 0) for await (const chunk of createReadStream(spool, { end })) yield chunk;
}

/** The trace of what is in the spool by now. */
async function publish(): Promise<void> {
  const { events, blocks, threads } = transcript;
  const trace = contents({ events, blocks, threads });
  await pipeline(trace, createGzip(), createWriteStream(part));
  renameSync(part, file); // COMMIT
}

function copy(reader: TapeReader, into: number): number {
  const bytes = transcript.write(reader.read());
  for (let done = 0; done < bytes.length;) done += writeSync(into, bytes, done);
  return bytes.length;
}

/** While the trace is being written it must not block. */
async function record(reader: TapeReader, into: number): Promise<void> {
  let publishing: Promise<void> | null = null;
  let failed: unknown = null;
  for (let next = FIRST_EVENTS; reader.isOn() && failed === null;) {
    const idle = copy(reader, into) === 0;
    if (publishing === null && transcript.events >= next) {
      next = transcript.events * 2;
      publishing = publish()
        .catch((error: unknown) => void (failed = error))
        .finally(() => void (publishing = null));
    }
    if (publishing !== null) await sleep(idle ? 1 : 0);
    else if (idle) reader.rest(REST_MS);
  }
  await (publishing as Promise<void> | null);
  if (failed !== null) throw failed;
}

function finish(reader: TapeReader, into: number): void {
  const end = performance.now() + LAST_MS;
  do copy(reader, into);
  while (reader.isPending() && performance.now() < end);
}

async function write(): Promise<RecordingFigures> {
  const into = openSync(spool, 'w');
  await publish(); // a file that cannot be written is found out before anything is recorded
  const reader = new TapeReader(memory, layout, table, number);
  reader.begin();
  parentPort?.postMessage('ready');
  await record(reader, into);
  finish(reader, into);
  closeSync(into);
  await publish();
  rmSync(spool);
  const { events, blocks, threads, foreign, assumed } = transcript;
  const dropped = memory.load(HEADER.TAPE_DROPPED);
  return { events, blocks, threads, dropped, foreign, assumed };
}

parentPort?.postMessage(await write());
