// What a file has of the events on tapes: always in order, whatever the tapes lack.

import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parseTrace, type Trace } from '../../bench/replay/trace.ts';
import { headerOf, Transcript } from '../../src/host/transcript.ts';
import { EVENT, type TapeEvent } from '../../src/slot/tape.ts';

type Short = Partial<TapeEvent> & Pick<TapeEvent, 'op' | 'granule'>;

function transcribe(...events: Short[]): { transcript: Transcript; trace: Trace } {
  const transcript = new Transcript();
  const rest = { ticket: 0, slot: 0, incarnation: 0, size: 16, alignLog2: 0 };
  const bytes = transcript.write(events.map((event) => ({ ...rest, ...event })));
  const trace = parseTrace('it', gzipSync(Buffer.concat([headerOf(transcript), bytes])));
  return { transcript, trace };
}

const { ALLOC, FREE, REALLOC } = EVENT;

test('a granule that is used again is another block', () => {
  const { trace } = transcribe(
    { op: ALLOC, granule: 7 },
    { op: FREE, granule: 7 },
    { op: ALLOC, granule: 7, size: 100 },
    { op: REALLOC, granule: 7, size: 200 },
  );
  expect(trace).toMatchObject({ blocks: 2, events: 4, peakBytes: 200 });
});

test('what was there before is left out, and counted', () => {
  const { transcript, trace } = transcribe(
    { op: FREE, granule: 7 },
    { op: REALLOC, granule: 8 },
    { op: ALLOC, granule: 7 },
  );
  expect(trace).toMatchObject({ blocks: 1, events: 1 });
  expect(transcript.foreign).toBe(2);
});

test('a free that is missing is put in before its block is used again', () => {
  const { transcript, trace } = transcribe(
    { op: ALLOC, granule: 7, size: 1000 },
    { op: ALLOC, granule: 7, slot: 1, size: 500 },
  );
  expect(trace).toMatchObject({ blocks: 2, events: 3, threads: 2, peakBytes: 1000 });
  expect(transcript.assumed).toBe(1);
});

test('who sits down where another sat is another thread, and numbers have no gaps', () => {
  const { trace } = transcribe(
    { op: ALLOC, granule: 1, slot: 9, incarnation: 3 },
    { op: ALLOC, granule: 2, slot: 9, incarnation: 4 },
    { op: FREE, granule: 1, slot: 2 },
  );
  expect(trace.threads).toBe(3);
  expect([...trace.starts]).toEqual([0, 1, 2, 3]);
});

test('more threads than a file can name share the last number', () => {
  const events = Array.from({ length: 2 ** 16 + 9 }, (_, i) => {
    return { op: ALLOC, granule: i, slot: 1, incarnation: i };
  });
  const { trace } = transcribe(...events);
  expect(trace.threads).toBe(2 ** 16);
  expect(trace.starts[2 ** 16]! - trace.starts[2 ** 16 - 1]!).toBe(10);
});
