// What the heap could do otherwise, and machines that are larger, as changes of what is simulated.
import { TOTALS } from './names.ts';
import type { Script } from './script.ts';
import type { Costs } from './simulator.ts';

export interface Change {
  readonly name: string;
  readonly script?: (script: Script) => Script;
  readonly costs?: (costs: Costs) => Costs;
  /** For so many threads: how many there are of each lock or line instead of one. */
  readonly shards?: (threads: number) => (place: string) => number;
}

const SHARDS = 4;

function sharded(wanted: (place: string) => boolean): NonNullable<Change['shards']> {
  return () => (place) => (wanted(place) ? SHARDS : 1);
}

const isClass = (place: string): boolean => place.startsWith('class');
const isZone = (place: string): boolean => place.startsWith('zone');

export const CHANGES: readonly Change[] = [
  { name: 'as it is' },
  {
    name: 'totals of each thread on a line of its own',
    shards: (threads) => (place) => (place === TOTALS ? threads : 1),
  },
  { name: 'class locks in four', shards: sharded(isClass) },
  { name: 'zone locks in four', shards: sharded(isZone) },
  {
    name: 'totals apart, class locks in four',
    shards: (threads) => (place) => (place === TOTALS ? threads : isClass(place) ? SHARDS : 1),
  },
  { name: 'half as many takes', script: (script) => seldomer(script, 2) },
  {
    name: 'half as many takes, totals apart',
    script: (script) => seldomer(script, 2),
    shards: (threads) => (place) => (place === TOTALS ? threads : 1),
  },
  { name: 'looks 16 times as often before it sleeps', costs: spinning(16) },
  { name: 'as it is, lines three times as far', costs: farther(3) },
];

function spinning(times: number): NonNullable<Change['costs']> {
  return (costs) => ({ ...costs, spins: costs.spins * times });
}

function farther(times: number): NonNullable<Change['costs']> {
  return (costs) => ({ ...costs, transferNs: costs.transferNs * times });
}

/** The same takes and holds, with so many times the operations between them. */
export function seldomer(script: Script, times: number): Script {
  let depth = 0;
  const steps = script.steps.map((step) => {
    depth += step.kind === 'take' ? 1 : step.kind === 'give' ? -1 : 0;
    return depth > 0 ? step : { ...step, thenNs: step.thenNs * times };
  });
  return { ...script, steps, ops: script.ops * times };
}
