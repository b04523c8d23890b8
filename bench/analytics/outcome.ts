// What either version of the program is given, and what comes of it.
import { existsSync, readFileSync } from 'node:fs';
import type { Answers } from './answers.ts';
import type { Query } from './corpus.ts';

export interface Job {
  readonly paths: readonly string[];
  readonly queries: readonly Query[];
  readonly threads: number;
}

export interface Outcome {
  readonly answers: Answers;
  readonly figures: Figures;
  /** Workers killed, and what was left that should not be, in words. */
  readonly kills: number;
  readonly remains: readonly string[];
}

export interface Figures {
  /** From the first file read to the index, and from there to the last answer. */
  readonly indexMs: number;
  readonly answerMs: number;
  /** What all threads of the process took of the processors for that. */
  readonly cpuMs: number;
  /** The most that the process ever had resident. */
  readonly peakBytes: number;
}

/** Builds an index and asks it, and says what both took. */
export async function measured<I>(
  build: () => Promise<I>,
  answer: (index: I) => Promise<Answers>,
): Promise<Pick<Outcome, 'answers' | 'figures'>> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const index = await build();
  const built = performance.now();
  const answers = await answer(index);
  const [indexMs, answerMs] = [built - start, performance.now() - built];
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  return { answers, figures: { indexMs, answerMs, cpuMs, peakBytes: peakBytes() } };
}

/** What Linux says of this process; elsewhere, what there is. */
function peakBytes(): number {
  const status = '/proc/self/status';
  const text = existsSync(status) ? readFileSync(status, 'latin1') : '';
  const kibibytes = /VmHWM:\s*(\d+)/.exec(text)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kibibytes) * 1024;
}

/** A program for workers: beside this file's folder before and after compilation. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
export function programOf(name: string): URL {
  return new URL(`../../workers/${name}${ENDING}`, import.meta.url);
}
