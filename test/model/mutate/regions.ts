// Regions: stretches of the sources that run as a whole or not at all, which are statements, blocks
// and the bodies of arrows. A probe in front of each tells which of them a scenario comes to. They
// are put in as mutations are, by position, and right behind whatever ends before the statement, so
// that a comment stays with what it heads.

import type { Cut } from '../loader.ts';
import { walk, type Node, type Unit } from '../source.ts';

export interface Region {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface Probed {
  readonly regions: readonly Region[];
  /** Puts `$probe(n);` in front of region n. */
  readonly cuts: readonly Cut[];
}

/** The functions' regions; what runs when a module is loaded is in none. */
export function probe(units: readonly Unit[]): Probed {
  const regions: Region[] = [];
  const cuts: Cut[] = [];
  for (const unit of units) {
    const prober = new Prober(unit, regions);
    for (const [node] of walk(unit.program)) prober.node(node);
    cuts.push(...prober.cuts());
  }
  return { regions, cuts };
}

/** The number of the innermost region around a place; -1 for none. */
export function regionAt(regions: readonly Region[], path: string, at: number): number {
  let found = -1;
  let least = Infinity;
  regions.forEach((region, i) => {
    const { start, end } = region;
    if (region.path !== path || at < start || at >= end || end - start > least) return;
    [found, least] = [i, end - start];
  });
  return found;
}

class Prober {
  private readonly unit: Unit;
  private readonly regions: Region[];
  private readonly inserts = new Map<number, { closes: string; opens: string }>();

  constructor(unit: Unit, regions: Region[]) {
    this.unit = unit;
    this.regions = regions;
  }

  cuts(): Cut[] {
    const { path } = this.unit;
    return [...this.inserts].map(([at, { closes, opens }]) => {
      return { path, start: at, end: at, to: closes + opens };
    });
  }

  node(node: Node): void {
    const body = node['body'] as Node | undefined;
    if (node.type === 'BlockStatement') this.block(node);
    else if (node.type === 'SwitchCase') this.list(node['consequent'] as Node[]);
    else if (node.type === 'IfStatement') this.branches(node);
    else if (/^(For|While|DoWhile)/.test(node.type)) this.single(body as Node);
    else if (node.type === 'ArrowFunctionExpression') this.arrow(body as Node);
  }

  private block(node: Node): void {
    this.open(node.start + 1, `${this.hit(node)};`);
    this.list(node['body'] as Node[], node.start + 1);
  }

  private list(statements: readonly Node[], first = statements[0]?.start ?? 0): void {
    statements.forEach((statement, i) => {
      this.open(statements[i - 1]?.end ?? first, `${this.hit(statement)};`);
    });
  }

  private branches(node: Node): void {
    this.single(node['consequent'] as Node);
    if (node['alternate'] !== null) this.single(node['alternate'] as Node);
  }

  private single(statement: Node): void {
    if (statement.type === 'BlockStatement') return;
    this.open(statement.start, `{ ${this.hit(statement)}; `);
    this.close(statement.end, ' }');
  }

  private arrow(body: Node): void {
    if (body.type === 'BlockStatement') return;
    this.open(body.start, `(${this.hit(body)}, `);
    this.close(body.end, ')');
  }

  private hit({ start, end }: Node): string {
    const { path } = this.unit;
    return `$probe(${this.regions.push({ path, start, end }) - 1})`;
  }

  private open(at: number, text: string): void {
    const here = this.insertsAt(at);
    here.opens += text;
  }

  private close(at: number, text: string): void {
    const here = this.insertsAt(at);
    here.closes = text + here.closes;
  }

  private insertsAt(at: number): { closes: string; opens: string } {
    const here = this.inserts.get(at) ?? { closes: '', opens: '' };
    this.inserts.set(at, here);
    return here;
  }
}
