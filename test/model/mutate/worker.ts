// The program of one worker thread: it tries mutations, one at a time, and counts its heartbeats in
// a shared word. It first reads the sources as they are, so that each mutation costs one parse.

import { readSources } from '../loader.ts';
import { trial, type Task, type Verdict } from './trial.ts';

readSources();

export interface Watched {
  readonly task: Task;
  readonly beats: Int32Array<SharedArrayBuffer>;
}

export async function attempt({ task, beats }: Watched): Promise<Verdict | null> {
  const beat = () => void Atomics.add(beats, 0, 1);
  beat();
  return trial(task, beat);
}
