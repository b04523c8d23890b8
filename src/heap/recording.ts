// Recordings: every alloc, free and resize of all threads, on tapes (slot/tape.ts), and from there
// in a file. One thread begins a recording, and its scribe, a thread of its own, writes it: so who
// has to wait for room on a tape waits for somebody who waits for nobody. What a scribe is, is the
// host's to say (src/host/recorder.ts).
//
//   RECORDER     0        nobody
//                token    the seat that has the one recording there can be; its death ends it
//   RECORDING    0        nothing is recorded
//                -number  it is being prepared: the scribe empties the tapes, nobody fills them
//                number   it is on, and all allocs and frees take the slow path (detour.ts)
//
//   from              to                 who
//   RECORDER 0        token              record, by CAS
//   RECORDING 0       -number            record
//   RECORDING -number number             record, when the scribe is there and the detour taken
//   RECORDING any     0                  stop, detach, recovery: then the detour is given up
//   RECORDER token    0                  the same; stop when the scribe has read what was left
//
//   word       writers               readers  access  if its writer dies midway
//   RECORDER   who records; recovery all      atomic  names the dead: recovery ends it
//   RECORDING  who records; recovery all      atomic  as above; 0 comes before RECORDER's
//   RECORDED   who records           readers  atomic  valid: a number that nobody has
//
// The detour is there before RECORDING is on, and ends after it: so nothing is missed in between.
// A scribe that finds another number in RECORDED leaves the tapes to that recording.

import { DETOUR, HEADER } from '../word/layout.ts';
import { allocError, HeapError } from '../word/errors.ts';
import type { Attachment } from './attachment.ts';
import { setDetour } from './detour.ts';
import type { HeapHandle } from './open.ts';

const { RECORDER, RECORDING, RECORDED, TAPE_DROPPED } = HEADER;

/** What a recording has come to. */
export interface RecordingFigures {
  readonly events: number;
  readonly blocks: number;
  /** Threads that did something; one that attaches again is another. */
  readonly threads: number;
  /** Events that found no room on their tape for two seconds. */
  readonly dropped: number;
  /** Frees and resizes of blocks that were there before the recording. */
  readonly foreign: number;
  /** Frees that are in the file because their block was in use again: they had been dropped. */
  readonly assumed: number;
}

/** A recording that is going on. */
export interface Recorder extends AsyncDisposable {
  /** Ends it: the file is whole, and this is what is in it. Rejects if it could not be written. */
  stop(): Promise<RecordingFigures>;
}

/** A scribe that has begun. */
export interface Scribe {
  /** Until `done`, the process does not end by itself. */
  stay(): void;
  /** When the recording has ended and the file is whole. */
  readonly done: Promise<RecordingFigures>;
}

/** Starts the scribe for a recording that is prepared. */
export type Scribes = (handle: HeapHandle, number: number, file: string) => Promise<Scribe>;

/** How a recording reaches its thread's seat. */
export interface Seating {
  inside<T>(work: (session: { readonly on: Attachment }) => T): T;
  isSeated(): boolean;
}

let scribes: Scribes | null = null;

/** Says where scribes come from. */
export function bringInScribes(from: Scribes): void {
  scribes = from;
}

/** Begins to record into a file; resolves when everything from now on is in it. */
export async function record(seat: Seating, handle: HeapHandle, file: string): Promise<Recorder> {
  if (scribes === null) throw new HeapError('BAD_OPTION', 'there are no files to record into here');
  const number = seat.inside(({ on }) => prepare(on));
  const end = () => {
    if (seat.isSeated()) seat.inside(({ on }) => endRecording(on, on.seat.token));
  };
  try {
    const scribe = await scribes(handle, number, file);
    seat.inside(({ on }) => begin(on, number));
    const quiet = () => {
      scribe.stay();
      if (seat.isSeated()) seat.inside(({ on }) => mute(on, number));
    };
    return recorderOf(scribe.done.finally(end), quiet);
  } catch (error) {
    end();
    throw error;
  }
}

function recorderOf(over: Promise<RecordingFigures>, quiet: () => void): Recorder {
  over.catch(() => undefined); // whoever stops it is told
  const stop = (): Promise<RecordingFigures> => {
    quiet();
    return over;
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

/** This seat has the recording; its number. */
export function prepare({ memory, seat }: Attachment): number {
  if (memory.cas(RECORDER, 0, seat.token) !== 0) {
    throw new HeapError('BAD_OPTION', 'this heap is being recorded: stop that recording first');
  }
  const number = (memory.add(RECORDED, 1) + 1) & 0x7fffffff;
  memory.store(TAPE_DROPPED, 0);
  memory.store(RECORDING, -number);
  return number;
}

/** All threads record from here on. */
export function begin(on: Attachment, number: number): void {
  const { memory, seat } = on;
  const ours = memory.load(RECORDER) === seat.token && memory.load(RECORDING) === -number;
  if (!ours) throw new HeapError('DETACHED', allocError('DETACHED', 0).message);
  setDetour(on, DETOUR.RECORDING, true);
  memory.store(RECORDING, number); // COMMIT
}

/** Nothing is recorded from here on; the scribe has the tapes until it has read what is left. */
export function mute(on: Attachment, number: number): void {
  const { memory, seat } = on;
  const ours = memory.load(RECORDER) === seat.token && memory.load(RECORDING) === number;
  if (!ours) return;
  memory.store(RECORDING, 0);
  setDetour(on, DETOUR.RECORDING, false);
}

/** The recording of the seat that this token names, if it has it, is over. May be done again. */
export function endRecording(on: Attachment, token: number): void {
  const { memory } = on;
  if (memory.load(RECORDER) !== token) return;
  memory.store(RECORDING, 0);
  setDetour(on, DETOUR.RECORDING, false);
  memory.store(RECORDER, 0); // COMMIT: last, for it names who is to be mourned
}
