// The long run's plan: which parts, in which order, and how long each may take. A part that is
// through early leaves its time to those after it.

import {
  failEachRequest,
  searchDeaths,
  searchScenario,
  showMutant,
  walkScenario,
  type Clock,
  type Row,
} from './campaign.ts';
import { checkEdits } from './loader.ts';
import { mutants } from './mutants.ts';
import type { Limits } from './runner.ts';
import type { Scenario } from './scenario.ts';
import { Progress } from './progress.ts';
import { scenariosOf, type Realms } from './session.ts';
import type { Adversary } from './walk.ts';

interface Part {
  readonly weight: number;
  run(name: string, clock: Clock): Promise<Row>;
}

export interface PlanOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly scenario?: string;
  /** Only the parts in which somebody dies, and no mutants. */
  readonly deaths?: boolean;
}

/** Of the whole time, for mutants. */
const MUTANTS_SHARE = 0.1;
const MUTANT_MS = 20_000;

export class Plan {
  readonly rows: Row[] = [];
  readonly shown: Row[] = [];
  /** Scenarios with a defect that is known: their failures are told, and are none. */
  readonly known = new Set<string>();
  private readonly realms: Realms;
  private readonly progress = new Progress();
  private readonly options: PlanOptions;

  constructor(realms: Realms, options: PlanOptions) {
    this.realms = realms;
    this.options = options;
  }

  async run(): Promise<void> {
    const { scenario = '', minutes } = this.options;
    for (const { edits } of mutants) checkEdits(edits); // now, not when the rest is done
    const all = scenariosOf(await this.realms.everywhere());
    const chosen = all.filter((it) => it.name.includes(scenario));
    for (const it of chosen) if (it.known !== undefined) this.known.add(it.name);
    await this.play(chosen, minutes * 60_000 * (1 - MUTANTS_SHARE));
    if (scenario !== '' || this.options.deaths === true) return;
    for (const mutant of mutants) {
      this.shown.push(await showMutant(mutant, { ms: MUTANT_MS }));
      this.tell(`mutant: ${mutant.name}`);
    }
  }

  private async play(scenarios: readonly Scenario[], ms: number): Promise<void> {
    const jobs = scenarios.flatMap((scenario) =>
      this.partsOf(scenario).map((part) => ({ scenario, part })),
    );
    const end = performance.now() + ms;
    let weight = jobs.reduce((sum, job) => sum + job.part.weight, 0);
    for (const { scenario, part } of jobs) {
      const left = Math.max(end - performance.now(), 0);
      const row = await part.run(scenario.name, { ms: (left * part.weight) / weight });
      weight -= part.weight;
      this.rows.push(row);
      this.tell(`${row.scenario}: ${row.part}, ${row.schedules} schedules`);
      if (row.failure !== null && !this.known.has(row.scenario)) console.log(row.failure);
    }
  }

  private partsOf(scenario: Scenario): Part[] {
    const { realms } = this;
    const { seed } = this.options;
    const search = (bound: number, weight: number, limits: Partial<Limits> = {}): Part => ({
      weight,
      run: (name, clock) => searchScenario(realms, name, bound, clock, limits),
    });
    const deaths = (bound: number, how: 'kill' | 'throw', weight: number, times = 1): Part => ({
      weight,
      run: (name, clock) => searchDeaths(realms, name, bound, how, clock, times),
    });
    const walks = (adversary: Adversary, weight: number): Part => ({
      weight,
      run: (name, clock) => walkScenario(realms, name, seed, adversary, clock),
    });
    const refusals: Part = {
      weight: 2,
      run: (name, clock) => failEachRequest(realms, name, clock),
    };
    const deadly = [
      deaths(0, 'kill', 10),
      deaths(0, 'throw', 6),
      deaths(1, 'kill', 15),
      deaths(0, 'kill', 15, 2),
      walks('kill', 10),
      walks('hunt', 8),
      walks('throw', 5),
    ];
    if (this.options.deaths === true) return deadly;
    const small = scenario.threads.length === 2;
    return [
      search(2, 12),
      search(2, 12, { timeouts: 1 }),
      search(Infinity, 12, { queues: false }),
      refusals,
      ...deadly,
      walks('nobody', 6),
      walks('freeze', 6),
      search(3, 12),
      ...(small ? [search(Infinity, 20)] : []),
    ];
  }

  private tell(what: string): void {
    this.progress.tell(what, () => {
      const sum = (of: (row: Row) => number) => this.rows.reduce((all, row) => all + of(row), 0);
      const schedules = sum((row) => row.schedules);
      const failed = sum((row) => (row.failure === null ? 0 : 1));
      return `${schedules} schedules, ${sum((row) => row.crashes)} deaths, ${failed} failures`;
    });
  }
}
