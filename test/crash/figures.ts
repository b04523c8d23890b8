// Real kills for the long run: a campaign of kills at chosen accesses, then crowds killed at
// random, in plain and checked heaps by turns; and the figures that come of both.

import { isArgued, nameOf } from '../model/coverage.ts';
import { Progress } from '../model/progress.ts';
import type { Site } from '../model/sites.ts';
import type { HoldBuild } from './build.ts';
import { campaign, tell, type Campaign } from './campaign.ts';
import { Crowd } from './crowd.ts';
import { Trial, type Spec } from './trial.ts';

export interface KillOptions {
  readonly seed: number;
  readonly kills: number;
  readonly ms: number;
}

export interface Figures {
  readonly kills: number;
  readonly killsPerSecond: number;
  readonly bytesLost: number;
  readonly sites: number;
  readonly killedAt: number;
  readonly killedRecovering: number;
  /** How the crowds' workers came to their ends. */
  readonly endings: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  /** Sites at which nobody was killed, and for which nothing says why. */
  readonly spared: readonly string[];
}

/** Of the kills, and of the time, for the crowds. */
const CROWDS_SHARE = 0.75;
const A_CROWD = 500;

/** Makes a trial again, as a failure's last line tells it; true when it ends well. */
export async function replayTrial(build: HoldBuild, text: string): Promise<boolean> {
  const outcome = await new Trial(JSON.parse(text) as Spec, build.url).run();
  console.log(tell(outcome, build.sites));
  return outcome.wrong.length === 0;
}

export async function realKills(build: HoldBuild, options: KillOptions): Promise<Figures> {
  const part = (share: number) => ({
    kills: Math.ceil(options.kills * share),
    ms: options.ms * share,
  });
  const start = performance.now();
  const aimed = await campaign(build, { seed: options.seed, ...part(1 - CROWDS_SHARE) });
  const crowds = await throng(build, { seed: options.seed, ...part(CROWDS_SHARE) });
  const kills = aimed.kills + crowds.kills;
  return {
    kills,
    killsPerSecond: kills / ((performance.now() - start) / 1000),
    bytesLost: aimed.lostBytes + crowds.lostBytes,
    sites: aimed.sites,
    killedAt: aimed.killedAt,
    killedRecovering: aimed.killedRecovering,
    endings: crowds.endings,
    failures: [...aimed.failures, ...crowds.failures],
    spared: sparedBy(aimed),
  };
}

/** One crowd after another, each on a new heap. */
async function throng({ url: programs }: HoldBuild, { seed, kills, ms }: KillOptions) {
  const end = performance.now() + ms;
  const endings: Record<string, number> = {};
  const sum = { kills: 0, lostBytes: 0, failures: [] as string[] };
  const progress = new Progress();
  for (let i = 0; sum.kills < kills && performance.now() < end; i++) {
    const most = Math.min(A_CROWD, kills - sum.kills);
    const left = end - performance.now();
    const of = { seed: seed + i, kills: most, ms: left, checked: i % 2 === 1 };
    const crowd = new Crowd({ ...of, programs });
    const report = await crowd.run();
    sum.kills += report.kills;
    sum.lostBytes += report.lostBytes;
    sum.failures.push(...report.failures.map((it) => `crowd of seed ${report.seed}: ${it}`));
    for (const [how, count] of Object.entries(report.endings)) {
      endings[how] = (endings[how] ?? 0) + count;
    }
    progress.tell('crowds', () => `${sum.kills} kills, ${sum.lostBytes} bytes lost`);
    if (report.failures.length > 0) break;
  }
  return { ...sum, endings };
}

/** Of the sentinel's life: test/host ends it and its parent, and no lock or count depends on it. */
const SENTINELS = ['src/host/sentinel.ts listen', 'src/host/guard.ts gone'];

function sparedBy({ spared }: Campaign): string[] {
  const isOpen = (site: Site) => !isArgued(site) && !SENTINELS.includes(`${site.path} ${site.fn}`);
  return spared.filter(isOpen).map(nameOf);
}
