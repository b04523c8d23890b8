// Which functions of the checked sources reach shared memory: a fixpoint over names. A function
// reaches when it has a visible access of its own, or calls something by a name under which some
// function reaches. Methods go by their name alone, identifiers by their file and its imports, so
// the answer errs towards more generators, never towards fewer.

import { posix } from 'node:path';
import { isNode, type Node, type Unit } from './source.ts';

/** What src/word/memory.ts offers, by the numbers that the machine knows them by. */
export const KINDS = Object.freeze({
  get: 0,
  set: 1,
  load: 2,
  store: 3,
  swap: 4,
  cas: 5,
  add: 6,
  getByte: 7,
  setByte: 8,
  clearBytes: 9,
  findByte: 10,
  getCount: 11,
  setCount: 12,
  wait: 13,
  wake: 14,
  pause: 15,
  send: 16,
  receive: 17,
});
export type Kind = keyof typeof KINDS;
const PLAIN = new Set<string>(
  'get set getByte setByte clearBytes findByte getCount setCount'.split(' '),
);
const ITERATORS = new Set('map forEach filter find every some reduce flatMap from'.split(' '));

export interface Fn {
  readonly unit: Unit;
  readonly node: Node;
  readonly name: string;
  readonly role: 'function' | 'method' | 'arrow' | 'getter' | 'constructor';
  readonly calls: Call[];
  readonly params: Set<string>;
  /** Or inside one: it is not checked, for the model has no promises. */
  readonly isAsync: boolean;
  reaches: boolean;
}

export interface Call {
  readonly node: Node;
  /** The node to wrap: the call, or the optional chain that ends in it. */
  readonly outer: Node;
  readonly within: Fn | null;
  readonly access: Kind | null;
  /** An array method whose callback has to be turned into a generator when it reaches. */
  readonly iterates: boolean;
  readonly name: string;
  readonly byMember: boolean;
  /** Functions among the arguments. */
  readonly passes: Fn[];
}

export interface Program {
  readonly units: readonly Unit[];
  readonly fns: readonly Fn[];
  readonly calls: readonly Call[];
  readonly methods: ReadonlyMap<string, readonly Fn[]>;
  readonly passed: ReadonlyMap<string, readonly Fn[]>;
  readonly idents: ReadonlyMap<string, readonly Fn[]>;
  /** file:local name → file:exported name. */
  readonly imports: ReadonlyMap<string, string>;
}

export function isPlain(kind: Kind): boolean {
  return PLAIN.has(kind);
}

/** The access that a call makes: a method of Memory on something whose name ends in `memory`. */
export function accessOf(call: Node): Kind | null {
  const callee = call['callee'] as Node;
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return null;
  const name = String((callee['property'] as Node)['name']);
  const on = callee['object'] as Node;
  const last = on.type === 'MemberExpression' ? (on['property'] as Node) : on;
  if (last['name'] === 'wire') return name === 'send' || name === 'receive' ? name : null;
  return last['name'] === 'memory' && name in KINDS ? (name as Kind) : null;
}

/** Collects functions and calls of all units. */
export function programOf(units: readonly Unit[]): Program {
  const collector = new Collector();
  for (const unit of units) collector.unit(unit);
  return { units, ...collector };
}

class Collector {
  readonly fns: Fn[] = [];
  readonly calls: Call[] = [];
  readonly methods = new Map<string, Fn[]>();
  readonly passed = new Map<string, Fn[]>();
  readonly idents = new Map<string, Fn[]>();
  readonly imports = new Map<string, string>();

  unit(unit: Unit): void {
    for (const node of unit.program['body'] as Node[]) {
      if (node.type === 'ImportDeclaration') this.importsOf(unit, node);
    }
    this.visit(unit, unit.program, undefined, null, null);
  }

  private importsOf(unit: Unit, node: Node): void {
    const from = String((node['source'] as Node)['value']);
    if (!from.startsWith('.')) return;
    const path = posix.join(posix.dirname(unit.path), from);
    for (const it of node['specifiers'] as Node[]) {
      const [local, imported] = [it['local'] as Node, it['imported'] as Node];
      this.imports.set(
        `${unit.path}:${String(local['name'])}`,
        `${path}:${String(imported['name'])}`,
      );
    }
  }

  /** Depth first; returns the function that the node is, if it is one. */
  private visit(unit: Unit, node: Node, up: Node | undefined, chain: Node | null, fn: Fn | null) {
    if (node.type.startsWith('TS') && !/^TS(As|NonNull|Satisfies)/.test(node.type)) return null;
    const isFn = /Function/.test(node.type) && isNode(node['body']);
    const made = isFn ? makeFn(unit, node, up, fn?.isAsync === true) : null;
    if (made !== null) this.register(made, up);
    const within = made ?? fn;
    const passes: Fn[] = [];
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (!isNode(child)) continue;
        const nextChain = node.type === 'ChainExpression' ? node : null;
        const inner: Fn | null = this.visit(unit, child, node, nextChain, within);
        if (inner !== null && node.type === 'CallExpression') passes.push(inner);
      }
    }
    if (node.type === 'CallExpression') this.call(node, chain ?? node, within, passes);
    return made;
  }

  private register(fn: Fn, up: Node | undefined): void {
    this.fns.push(fn);
    if (fn.role === 'method') push(this.methods, fn.name, fn);
    const bound = up?.type === 'VariableDeclarator' ? (up['id'] as Node) : (fn.node['id'] as Node);
    if (isNode(bound)) push(this.idents, `${fn.unit.path}:${String(bound['name'])}`, fn);
  }

  private call(node: Node, outer: Node, within: Fn | null, passes: Fn[]): void {
    const callee = node['callee'] as Node;
    const byMember = callee.type === 'MemberExpression';
    const property = byMember ? (callee['property'] as Node) : callee;
    const name = String(property['name'] ?? property['value'] ?? '');
    const iterates = byMember && passes.length > 0 && ITERATORS.has(name);
    const call = { node, outer, within, access: accessOf(node), iterates, name, byMember, passes };
    this.calls.push(call);
    within?.calls.push(call);
    if (!iterates) for (const fn of passes) push(this.passed, name, fn);
  }
}

function makeFn(unit: Unit, node: Node, up: Node | undefined, inAsync: boolean): Fn {
  const inMethod = up?.type === 'MethodDefinition';
  const kind = inMethod ? String(up['kind']) : '';
  const arrow: Fn['role'] = node.type === 'ArrowFunctionExpression' ? 'arrow' : 'function';
  const special = kind === 'get' ? 'getter' : kind === 'constructor' ? kind : 'method';
  const role: Fn['role'] = inMethod ? special : arrow;
  const named = inMethod ? (up['key'] as Node) : (node['id'] as Node | null);
  const name = String(named?.['name'] ?? '');
  const params = new Set((node['params'] as Node[]).map((it) => String(it['name'])));
  const isAsync = inAsync || node['async'] === true;
  return { unit, node, name, role, calls: [], params, isAsync, reaches: false };
}

function push(map: Map<string, Fn[]>, key: string, fn: Fn): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [fn]);
  else list.push(fn);
}

/** Functions of the sources that a call may run. */
export function targetsOf(program: Program, call: Call): readonly Fn[] {
  if (call.byMember) return program.methods.get(call.name) ?? [];
  const { within } = call;
  if (within === null) return [];
  if (within.params.has(call.name)) return program.passed.get(within.name) ?? [];
  const local = `${within.unit.path}:${call.name}`;
  return program.idents.get(program.imports.get(local) ?? local) ?? [];
}

/** Marks the functions that reach a visible access. */
export function markReaching(program: Program, visible: (call: Call) => boolean): void {
  for (const fn of program.fns) fn.reaches = false;
  for (let changed = true; changed;) {
    changed = false;
    for (const fn of program.fns) {
      if (fn.reaches || fn.isAsync || fn.role === 'getter' || fn.role === 'constructor') continue;
      fn.reaches = fn.calls.some((call) => callReaches(program, call, visible));
      changed ||= fn.reaches;
    }
  }
}

export function callReaches(
  program: Program,
  call: Call,
  visible: (call: Call) => boolean,
): boolean {
  if (call.access !== null) return visible(call);
  if (call.iterates && call.passes.some((fn) => fn.reaches)) return true;
  return targetsOf(program, call).some((fn) => fn.reaches);
}
