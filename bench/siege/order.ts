// The order in which one player plays a whole trace. A trace keeps its threads' events apart; here
// they are woven into one row again, a stretch of each thread in turn, so that every event comes
// after those of its block that were recorded before it.
import { EVENT, sharedWords, type Trace } from '../replay/trace.ts';

const STRETCH_EVENTS = 64;

/** All events of a trace, EVENT.WORDS each, in an order in which one thread can play them. */
export function inOneRow(trace: Trace): Int32Array {
  const row = sharedWords(trace.events * EVENT.WORDS);
  const next = trace.starts.slice(0, trace.threads);
  const played = new Int32Array(trace.blocks);
  let at = 0;
  while (at < row.length) {
    const before = at;
    for (let thread = 0; thread < trace.threads; thread++) at = stretch(trace, thread, at);
    if (at === before) throw new Error(`${trace.name}: all threads wait for each other`);
  }
  return row;

  function stretch({ words, starts }: Trace, thread: number, from: number): number {
    const end = Math.min(next[thread]! + STRETCH_EVENTS, starts[thread + 1]!);
    let to = from;
    for (; next[thread]! < end; next[thread]!++, to += EVENT.WORDS) {
      const event = next[thread]! * EVENT.WORDS;
      const block = words[event + EVENT.BLOCK]!;
      if (played[block] !== words[event + EVENT.STEP]) break;
      played[block]!++;
      row.set(words.subarray(event, event + EVENT.WORDS), to);
    }
    return to;
  }
}
