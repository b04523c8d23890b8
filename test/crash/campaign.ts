// A campaign: trials, one after another in a few lanes at once, until the kills or the time are
// used up. Among the first is a survey, trials in which nobody is stopped on purpose; and every
// trial tells which accesses are made in which surroundings, and how often. Each of the others
// stops somebody at the access at which the fewest have been stopped, and at any time of it.
//
// Most accesses can be reached by a visitor; those of repairs only by an heir, and only when the
// visitor was stopped in the right place: so a visitor's stop that led an heir to an access is
// kept.

import type { Site } from '../model/sites.ts';
import { Dice } from '../support/dice.ts';
import type { HoldBuild } from './build.ts';
import { Trial, type Life, type Outcome, type Setting, type Spec, type Stop } from './trial.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** Ends when so many have been killed, or so much time has passed. */
  readonly kills: number;
  readonly ms: number;
}

export interface Campaign {
  readonly seed: number;
  readonly trials: number;
  readonly kills: number;
  /** Kills at an access of the test's choice; the others were at rest. */
  readonly aimed: number;
  readonly seconds: number;
  readonly lostBytes: number;
  readonly failures: readonly string[];
  readonly sites: number;
  /** Sites at which a visitor or an heir was killed. */
  readonly killedAt: number;
  /** Sites at which one was killed who was recovering another. */
  readonly killedRecovering: number;
  /** Sites at which nobody was killed. */
  readonly spared: readonly Site[];
}

const LANES = 2;
const MOST_FAILURES = 10;
const MOST_WAYS = 24;
const FLAVOURS = ['plain', 'checked', 'tracked', 'budgeted', 'debug'] as const;
const SETTINGS: readonly Setting[] = [
  'alone',
  'roomy',
  'crowded',
  'strays',
  'full',
  'simple',
  'overflow',
  'elsewhere',
  'locked',
  'recorded',
  'company',
];
const NOWHERE = { site: 0, nth: 0 };

/** One way in which an access was reached: who makes `count` of them in that trial. */
interface Way {
  readonly spec: Spec;
  readonly count: number;
}

interface Place {
  readonly site: Site;
  /** By visitors, and by heirs. */
  readonly ways: readonly [Way[], Way[]];
  readonly kills: [number, number];
}

class Planner {
  readonly places = new Map<number, Place>();
  private readonly random: Dice;
  private readonly first: Spec[];
  private asked = 0;

  constructor(sites: readonly Site[], seed: number) {
    for (const site of sites) this.places.set(site.id, { site, ways: [[], []], kills: [0, 0] });
    this.random = new Dice(seed);
    this.first = SETTINGS.flatMap((setting) => FLAVOURS.map((it) => this.survey(it, setting)));
  }

  next(): Spec {
    const surveys = this.asked++ < LANES || this.random.below(2) === 0;
    const [survey] = surveys ? this.first.splice(this.random.below(this.first.length), 1) : [];
    if (survey !== undefined) return survey;
    return this.random.below(2) === 0 ? this.visitorAt() : this.heirAt();
  }

  learn({ spec, lives }: Outcome): void {
    lives.forEach(({ stop, parked, counts }: Life, nth) => {
      for (const place of this.places.values()) {
        const count = counts[place.site.id] ?? 0;
        if (count > 0) this.keep(place.ways[nth] as Way[], { spec, count });
      }
      const kills = this.places.get(stop.site)?.kills;
      if (parked && kills !== undefined) kills[nth as 0 | 1]++;
    });
  }

  /** The survey's trials make a new seed each; nobody is stopped. */
  private survey(flavour: Spec['flavour'], setting: Setting): Spec {
    const role = this.random.below(2) === 0 ? 'founder' : 'tour';
    const visitor: Stop = { role, ...NOWHERE };
    return { seed: this.seed(), flavour, setting, visitor, heir: null };
  }

  /** A visitor is stopped where the fewest were, and an heir may come to its end. */
  private visitorAt(): Spec {
    const { way, site } = this.target(0);
    const visitor = { role: way.spec.visitor.role, site, nth: this.timeOf(way) };
    const heir: Stop | null = this.random.below(2) === 0 ? null : { role: this.role(), ...NOWHERE };
    return { ...way.spec, visitor, heir };
  }

  /** An heir is stopped where the fewest were, after a visitor that led one there. */
  private heirAt(): Spec {
    const { way, site } = this.target(1);
    const { heir } = way.spec;
    if (heir === null) return { ...way.spec, heir: { role: this.role(), ...NOWHERE } };
    return { ...way.spec, heir: { role: heir.role, site, nth: this.timeOf(way) } };
  }

  /** Of the accesses that were reached one with the fewest kills, and a way to it. */
  private target(nth: 0 | 1): { way: Way; site: number } {
    const known = [...this.places.values()].filter((place) => place.ways[nth].length > 0);
    if (known.length === 0) return this.target(0);
    const fewest = Math.min(...known.map((place) => place.kills[nth]));
    const rare = known.filter((place) => place.kills[nth] <= fewest + 1);
    const { site, ways } = rare[this.random.below(rare.length)] as Place;
    return { way: ways[nth][this.random.below(ways[nth].length)] as Way, site: site.id };
  }

  private timeOf({ count }: Way): number {
    return this.random.logUniform(1, count);
  }

  private role(): Stop['role'] {
    return this.random.below(2) === 0 ? 'recoverer' : 'heir';
  }

  private seed(): number {
    return this.random.below(2 ** 30);
  }

  /** A few ways are kept, new ones in place of old ones. */
  private keep(ways: Way[], way: Way): void {
    if (ways.length < MOST_WAYS) ways.push(way);
    else ways[this.random.below(ways.length)] = way;
  }
}

export async function campaign(build: HoldBuild, options: CampaignOptions): Promise<Campaign> {
  const planner = new Planner(build.sites, options.seed);
  const start = performance.now();
  const failures: string[] = [];
  const sum = { trials: 0, kills: 0, aimed: 0, lostBytes: 0 };
  const isOver = () =>
    sum.kills >= options.kills ||
    performance.now() - start >= options.ms ||
    failures.length >= MOST_FAILURES;
  const lane = async () => {
    while (!isOver()) {
      const outcome = await new Trial(planner.next(), build.url).run();
      planner.learn(outcome);
      sum.trials++;
      sum.kills += outcome.lives.length;
      sum.aimed += outcome.lives.filter((life) => life.parked).length;
      sum.lostBytes += outcome.lostBytes;
      if (outcome.wrong.length > 0) failures.push(tell(outcome, build.sites));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const seconds = (performance.now() - start) / 1000;
  return { seed: options.seed, ...sum, seconds, failures, ...reached(planner) };
}

function reached({ places }: Planner) {
  const all = [...places.values()];
  return {
    sites: all.length,
    killedAt: all.filter(({ kills }) => kills[0] + kills[1] > 0).length,
    killedRecovering: all.filter(({ kills }) => kills[1] > 0).length,
    spared: all.filter(({ kills }) => kills[0] + kills[1] === 0).map(({ site }) => site),
  };
}

/** A failed trial in words, and as the spec that makes it again. */
export function tell({ spec, lives, wrong }: Outcome, sites: readonly Site[]): string {
  const places = lives.map(({ stop, parked }) => {
    const site = sites.find((it) => it.id === stop.site);
    const where = `${site?.path}:${site?.line} (${site?.kind} in ${site?.fn}), time ${stop.nth}`;
    return parked ? `killed at ${where}` : 'killed at rest';
  });
  return [...places, ...wrong, JSON.stringify(spec)].join('\n  ');
}
