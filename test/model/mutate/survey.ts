// The survey: which scenarios come to which regions of the sources, and how much of their time they
// spend there. It is made once, on the sources as they are, with probes in them; what fails there
// could kill no mutant fairly, so it ends the survey.

import { readSources } from '../loader.ts';
import { Realms, scenariosOf } from '../session.ts';
import type { Unit } from '../source.ts';
import { isSound, PARTS } from './parts.ts';
import { probe, regionAt, type Region } from './regions.ts';

/** Parts that need only the one realm which can stop everywhere. */
const SURVEYED = ['orders', 'refusals', 'walks', 'deaths'];

export class Survey {
  private readonly regions: readonly Region[];
  /** Scenario → region → its share of all hits. */
  private readonly shares: ReadonlyMap<string, Float64Array>;

  constructor(regions: readonly Region[], shares: ReadonlyMap<string, Float64Array>) {
    this.regions = regions;
    this.shares = shares;
  }

  /** Scenarios that come to a place, those first that are there most; all for a module's text. */
  reaching(path: string, at: number): string[] {
    const region = regionAt(this.regions, path, at);
    if (region < 0) return [...this.shares.keys()];
    const share = (name: string) => this.shares.get(name)?.[region] as number;
    const there = [...this.shares.keys()].filter((name) => share(name) > 0);
    return there.sort((a, b) => share(b) - share(a));
  }
}

export async function survey(units: readonly Unit[]): Promise<Survey> {
  const { regions, cuts } = probe(units);
  const realms = new Realms(readSources(cuts));
  let hits = new Float64Array(regions.length);
  Object.assign(globalThis, { $probe: (region: number) => void (hits[region] as number)++ });
  const shares = new Map<string, Float64Array>();
  for (const scenario of scenariosOf(await realms.everywhere())) {
    hits = new Float64Array(regions.length);
    for (const part of PARTS) {
      if (!SURVEYED.includes(part.name) || !isSound(part, scenario)) continue;
      const failure = await part.play(realms, scenario.name, 1, () => false);
      if (failure !== null) throw new Error(`${scenario.name}, as it is: ${failure}`);
    }
    const total = hits.reduce((sum, count) => sum + count, 0);
    shares.set(
      scenario.name,
      hits.map((count) => count / total),
    );
  }
  return new Survey(regions, shares);
}
