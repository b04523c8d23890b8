// A scenario with the realm it runs in. Where a thread may stop is found out as it goes: first only
// at atomic accesses; each permitted race adds its two plain accesses, and the search begins anew.
// With an adversary a thread may stop, and so die, anywhere.

import { atAtomicsAnd, EVERYWHERE, load, type Realm, type Sources } from './loader.ts';
import { Runner } from './runner.ts';
import type { Scenario } from './scenario.ts';
import { Stage } from './stage.ts';

const FILES = [
  'lock',
  'pages',
  'depot',
  'racks',
  'strays',
  'heap',
  'seats',
  'edges',
  'dead',
  'elsewhere',
  'owned',
  'debug',
  'tx',
  'parts',
  'journals',
  'waits',
  'samples',
  'tapes',
  'oom',
  'budgets',
  'references',
  'faults',
  'channels',
];

/** Names of all scenarios, in order. */
export function scenariosOf(realm: Realm): Scenario[] {
  return FILES.flatMap((name) => {
    const module = realm.module(`test/model/scenarios/${name}.ts`);
    return module['scenarios'] as Scenario[];
  });
}

export function scenarioIn(realm: Realm, name: string): Scenario {
  const found = scenariosOf(realm).find((it) => it.name === name);
  if (found === undefined) throw new Error(`there is no scenario "${name}"`);
  return found;
}

/** Realms by what they stop at; making one takes a tenth of a second. */
export class Realms {
  readonly sources: Sources;
  /** The name of the wrong that was done to the sources, if one was. */
  readonly mutant: string | undefined;
  private readonly made = new Map<string, Realm>();

  constructor(sources: Sources, mutant?: string) {
    this.sources = sources;
    this.mutant = mutant;
  }

  async everywhere(): Promise<Realm> {
    return this.get('everywhere', EVERYWHERE);
  }

  async atAtomics(racing: ReadonlySet<number>): Promise<Realm> {
    const key = [...racing].sort((a, b) => a - b).join(' ');
    return this.get(key, atAtomicsAnd(racing));
  }

  /** All realms that were made. */
  all(): Realm[] {
    return [...this.made.values()];
  }

  private async get(key: string, stops: Parameters<typeof load>[1]): Promise<Realm> {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const realm = await load(this.sources, stops);
    this.made.set(key, realm);
    return realm;
  }
}

/**
 * Runs `play` on a scenario, and again as long as it finds plain accesses that race by permission:
 * its answer, once every such access was a place to stop at.
 */
export async function settled<T>(
  realms: Realms,
  name: string,
  play: (runner: Runner) => T,
): Promise<T> {
  const racing = new Set<number>();
  for (;;) {
    const realm = await realms.atAtomics(racing);
    realm.machine.racing.clear();
    const answer = play(new Runner(new Stage(realm, scenarioIn(realm, name))));
    const before = racing.size;
    for (const site of realm.machine.racing) racing.add(site);
    if (racing.size === before || realm.machine.failure !== null) return answer;
  }
}
