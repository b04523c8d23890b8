// Where the program is that calls the heap: the stack trace of this moment, from the first frame
// outside these sources on. Engines write traces in their own ways; what is not understood stays as
// it is. Frames of a bundle that has the heap and the program in one file cannot be told apart, and
// all stay.

/** Frames that are kept. */
const FRAMES = 8;
/** Frames that are asked for: the heap's own are up to a dozen of them. */
const FRAMES_ASKED = 24;

/** The folder of these sources as a trace names it; '' if it does not. */
const folder =
  /([^\s()]*[\\/])heap[\\/]callsite\.[jt]s/.exec(String(new Error('').stack))?.[1] ?? '';

/** The program's frames, one a line, the innermost first; '' where there are no traces. */
export function callSite(): string {
  const settings = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = settings;
  if (stackTraceLimit !== undefined) settings.stackTraceLimit = FRAMES_ASKED;
  const { stack = '' } = new Error('');
  if (stackTraceLimit !== undefined) settings.stackTraceLimit = stackTraceLimit;
  const frames = stack.split('\n').filter((line) => /:\d+:\d+\)?\s*$/.test(line));
  const first = frames.findIndex((line) => folder === '' || !line.includes(folder));
  return frames.slice(Math.max(first, 0), Math.max(first, 0) + FRAMES).join('\n');
}
