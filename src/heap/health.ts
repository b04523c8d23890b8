// Health: whether the heap serves those who ask, and if not, why not. A heap is healthy while less
// than 5 % of the attempts to allocate fail and fewer than ten find no memory, both since it was
// made and in the last minute, and while no damage was seen.
//
// Either is enough to lose it: who has failed one in ten for an hour is not healthy because the
// last minute was quiet, and who has served billions is not while half of today's requests fail.
// Each reason says which of the two it is about. A rate of a minute with few attempts says nothing:
// it counts from a hundred on, so that five failures are the least that can make it bad.
//
// And pressure: the share of time in which somebody waited for memory. Both are put together from
// what the slots have counted and the samples of it (slot/samples.ts): no lock, some microseconds.

import { COUNTER } from '../word/records.ts';
import { totalOf } from '../slot/counters.ts';
import { Samples } from '../slot/samples.ts';
import type { Attachment } from './attachment.ts';

const { ALLOCS, FAILURES, OOMS, CORRUPTIONS } = COUNTER;

const RATE_LIMIT = 0.05;
const OOM_LIMIT = 10;
const MINUTE_MS = 60_000;
/** In a minute: with fewer, the rate is no reason. */
const LEAST_ATTEMPTS = 100;

/** One reason why a heap is not healthy: a figure that is not below its limit. */
export interface HealthReason {
  /** The share of failures; how often there was no memory; how much damage was seen. */
  readonly code: 'FAILURE_RATE' | 'OUT_OF_MEMORY' | 'CORRUPTION';
  /** Since the heap was made, or in the last minute (less in a heap that is younger). */
  readonly over: 'life' | 'minute';
  /** A share of 0..1 for FAILURE_RATE, else a count. */
  readonly figure: number;
  /** What it has to be below. */
  readonly limit: number;
  /** The same in words, and what to do. */
  readonly message: string;
}

/** For how long, or for what share of a time, one thread at least waited for memory. */
export interface PressureStats {
  /** In the last 10 seconds, 0..1; of a younger heap, since it was made. */
  readonly some10: number;
  /** In the last 60 seconds, likewise. */
  readonly some60: number;
  /** Milliseconds since the heap was made. */
  readonly totalMs: number;
}

type Over = HealthReason['over'];

/** All reasons there are; none for a healthy heap. */
export function healthOf({ memory, layout }: Attachment): HealthReason[] {
  const total = (which: number) => totalOf(memory, layout, which);
  const minute = new Samples(memory, layout).since(MINUTE_MS);
  const failures = total(FAILURES);
  const judged = minute.attempts >= LEAST_ATTEMPTS;
  return [
    ...rateOf('life', failures, failures + total(ALLOCS)),
    ...rateOf('minute', judged ? minute.failures : 0, minute.attempts),
    ...oomsOf('life', total(OOMS)),
    ...oomsOf('minute', Math.floor(minute.ooms)),
    ...damageOf(total(CORRUPTIONS)),
  ];
}

export function pressureOf({ memory, layout }: Attachment): PressureStats {
  const samples = new Samples(memory, layout);
  const some = (seconds: number) => {
    const { ms, stallMs } = samples.since(seconds * 1000);
    return ms === 0 ? 0 : Math.min(1, stallMs / ms);
  };
  return { some10: some(10), some60: some(60), totalMs: samples.stalledMs() };
}

/** Failures against attempts; 0 when there were none. */
export function rate(failures: number, attempts: number): number {
  return failures === 0 ? 0 : failures / attempts;
}

function rateOf(over: Over, failures: number, attempts: number): HealthReason[] {
  const figure = rate(failures, attempts);
  if (figure < RATE_LIMIT) return [];
  const share = `${(figure * 100).toFixed(1)} % of allocations have failed ${whenOf(over)}`;
  const message = `${share}, the limit is 5 %: heap.lastError says why each did`;
  return [{ code: 'FAILURE_RATE', over, figure, limit: RATE_LIMIT, message }];
}

function oomsOf(over: Over, figure: number): HealthReason[] {
  if (figure < OOM_LIMIT) return [];
  const times = `${String(figure)} times ${whenOf(over)} there was no memory`;
  const message = `${times}, the limit is 10: free blocks, wait for memory, or make a larger heap`;
  return [{ code: 'OUT_OF_MEMORY', over, figure, limit: OOM_LIMIT, message }];
}

function damageOf(figure: number): HealthReason[] {
  if (figure === 0) return [];
  const message = `damage was seen ${String(figure)} times: heap.validate() tells where`;
  return [{ code: 'CORRUPTION', over: 'life', figure, limit: 1, message }];
}

function whenOf(over: Over): string {
  return over === 'life' ? 'since the heap was made' : 'in the last minute';
}
