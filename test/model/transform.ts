// Turns the checked sources into code that a scheduler can run step by step. Functions that reach
// shared memory become generators; each visible access becomes a `yield` in front of it, which the
// scheduler answers with the result; the other accesses are executed on the spot, past the race
// detector. Nothing of the algorithms is copied: the edits are made in the text that is checked.
//
//   this.memory.load(word)        (yield $y1(SITE, word))
//   this.memory.get(at)           $d1(SITE, at)                     in a run that skips plain ones
//   this.lock.lock()              (yield* this.lock.lock())
//   depot?.flush()                (($0 = depot?.flush()) instanceof $G ? yield* $0 : $0)
//   slots.map((s) => this.at(s))  (yield* $iterate.map(slots, (function* (s) {…}).bind(this)))

import MagicString from 'magic-string';
import { transformWithOxc } from 'vite';
import {
  callReaches,
  markReaching,
  targetsOf,
  type Call,
  type Fn,
  type Kind,
  type Program,
} from './reach.ts';
import { licenceAt, walk, type Node, type Unit } from './source.ts';
import type { Site } from './sites.ts';

export interface Transformed {
  readonly path: string;
  readonly code: string;
}

/** Methods of built-in collections: a call by such a name may or may not be one of ours. */
const BUILT_IN = new Set(
  [Array, Map, Set, Int32Array, String, Function].flatMap((type) => [
    ...Object.getOwnPropertyNames(type.prototype),
    ...Object.getOwnPropertyNames(Object.getPrototypeOf(type.prototype)),
  ]),
);

/** Code of all units; `visible` says at which accesses a thread may be stopped. */
export async function transform(
  program: Program,
  sites: ReadonlyMap<Call, Site>,
  visible: (site: Site) => boolean,
): Promise<Transformed[]> {
  const seen = (call: Call) => {
    const site = sites.get(call);
    return site !== undefined && visible(site);
  };
  markReaching(program, seen);
  return Promise.all(
    program.units.map(async (unit) => {
      const text = new UnitEditor(program, sites, seen, unit).run();
      return { path: unit.path, code: await stripped(unit.path, text) };
    }),
  );
}

const strippedBefore = new Map<string, string>();

/** Without types. A mutant changes one file: the others are the same text as before. */
async function stripped(path: string, text: string): Promise<string> {
  const known = strippedBefore.get(text);
  if (known !== undefined) return known;
  const { code } = await transformWithOxc(text, path, {
    target: 'esnext',
    sourcemap: false,
    typescript: { removeClassFieldsWithoutInitializer: true },
  });
  strippedBefore.set(text, code);
  return code;
}

class UnitEditor {
  private readonly program: Program;
  private readonly sites: ReadonlyMap<Call, Site>;
  private readonly visible: (call: Call) => boolean;
  private readonly unit: Unit;
  private readonly text: MagicString;
  private readonly exported: string[] = [];

  constructor(
    program: Program,
    sites: ReadonlyMap<Call, Site>,
    visible: (call: Call) => boolean,
    unit: Unit,
  ) {
    this.program = program;
    this.sites = sites;
    this.visible = visible;
    this.unit = unit;
    this.text = new MagicString(unit.text);
  }

  run(): string {
    // Innermost first: what is wrapped later stands further outside.
    for (const call of this.program.calls) if (call.within?.unit === this.unit) this.call(call);
    for (const fn of [...this.program.fns].reverse()) if (fn.unit === this.unit) this.fn(fn);
    for (const node of this.unit.program['body'] as Node[]) this.module(node);
    return `${this.text.toString()}\nObject.assign($exports, { ${this.exported.join(', ')} });\n`;
  }

  private call(call: Call): void {
    if (call.within?.isAsync === true) return;
    if (call.access !== null) this.access(call, call.access);
    else if (callReaches(this.program, call, this.visible)) this.delegate(call);
    else if (this.licence(call) > 0) this.wrap(call.outer, `($l(${this.level(call)}), $1 = `, '');
    if (call.access === null && this.licence(call) > 0) {
      this.text.appendLeft(call.outer.end, `, $l(-${this.level(call)}), $1)`);
    }
  }

  private access(call: Call, kind: Kind): void {
    const args = call.node['arguments'] as Node[];
    const site = this.sites.get(call);
    const inside = call.within?.role;
    const yields = this.visible(call);
    if (inside === 'getter' && yields) this.forbid(call);
    if (site === undefined || inside === 'constructor' || inside === 'getter') return;
    const head = yields ? `(yield $y${args.length}` : `$d${args.length}`;
    const tail = yields ? '))' : ')';
    const comma = args.length > 0 ? ', ' : '';
    const from = call.node.start;
    const first = args[0]?.start ?? call.node.end - 1;
    const text = args.length > 0 || kind === 'pause' ? `${head}(${site.id}${comma}` : '';
    this.text.overwrite(from, first, text);
    this.text.overwrite(args.at(-1)?.end ?? first, call.node.end, tail);
  }

  private delegate(call: Call): void {
    const { within, iterates, outer } = call;
    if (within !== null && !within.reaches) {
      if (within.role === 'getter') {
        this.forbid(call);
        return;
      }
      throw new Error(`${this.unit.path}: ${within.name} (${within.role}) calls ${call.name}`);
    }
    const level = this.licence(call) > 0 ? `($l(${this.level(call)}), $1 = ` : '';
    if (iterates && call.passes.some((fn) => fn.reaches)) {
      this.iterate(call, level);
      return;
    }
    const sure = outer.type !== 'ChainExpression' && this.isSure(call);
    if (sure) this.wrap(outer, `${level}(yield* `, ')');
    else this.wrap(outer, `${level}(($0 = `, ') instanceof $G ? yield* $0 : $0)');
  }

  /** What comes here must not: a getter cannot be stopped. */
  private forbid(call: Call): void {
    this.wrap(call.outer, '(() => { throw new Error("a getter reaches memory"); })(', ')');
  }

  /** Whether whatever this call runs is a generator. */
  private isSure(call: Call): boolean {
    if (call.byMember && BUILT_IN.has(call.name)) return false;
    const targets = targetsOf(this.program, call);
    return !call.within?.params.has(call.name) && targets.every((fn) => fn.reaches);
  }

  private iterate(call: Call, level: string): void {
    const callee = call.node['callee'] as Node;
    const on = callee['object'] as Node;
    const args = call.node['arguments'] as Node[];
    this.text.prependRight(call.node.start, `${level}(yield* $iterate.${call.name}(`);
    this.text.overwrite(on.end, (args[0] as Node).start, ', ');
    this.text.appendLeft(call.node.end, ')');
  }

  private wrap(node: Node, before: string, after: string): void {
    this.text.prependRight(node.start, before);
    this.text.appendLeft(node.end, after);
  }

  /** Calls in a statement with a RACE argument carry it to the accesses beneath. */
  private licence(call: Call): 0 | 1 | 2 {
    if (call.within === null || call.within.role === 'constructor') return 0;
    if (targetsOf(this.program, call).length === 0) return 0;
    return licenceAt(this.unit, call.node.start);
  }

  private level(call: Call): number {
    return this.licence(call) === 2 ? 65536 : 1;
  }

  private fn(fn: Fn): void {
    const body = fn.node['body'] as Node;
    const isBlock = body.type === 'BlockStatement';
    if (isBlock && fn.role === 'constructor') return;
    if (isBlock) this.text.appendRight(body.start + 1, ' let $0, $1;');
    if (fn.role === 'arrow') this.arrow(fn, body, isBlock);
    else if (fn.reaches && fn.role === 'method') this.star(this.methodKey(fn));
    else if (fn.reaches) this.text.appendLeft(fn.node.start + 'function'.length, '*');
  }

  private star(key: number): void {
    this.text.appendLeft(key, '*');
  }

  private methodKey(fn: Fn): number {
    for (const [node] of walk(this.unit.program)) {
      if (node.type === 'MethodDefinition' && node['value'] === fn.node) {
        const key = (node['key'] as Node).start;
        return node['computed'] === true ? this.unit.text.lastIndexOf('[', key) : key;
      }
    }
    throw new Error(`${fn.name} is in no class`);
  }

  private arrow(fn: Fn, body: Node, isBlock: boolean): void {
    if (!fn.reaches) {
      if (isBlock) return;
      this.wrap(body, '{ let $0, $1; return (', '); }');
      return;
    }
    const source = this.unit.text;
    const to = source.lastIndexOf('=>', body.start);
    this.text.prependRight(fn.node.start, '(function* ');
    if (!source.startsWith('(', fn.node.start)) {
      const param = (fn.node['params'] as Node[])[0] as Node;
      this.text.prependRight(param.start, '(');
      this.text.appendLeft(param.end, ')');
    }
    this.text.overwrite(to, to + 2, ' ');
    if (!isBlock) this.wrap(body, '{ let $0, $1; return (', '); }');
    this.text.appendLeft(fn.node.end, ').bind(this)');
  }

  private module(node: Node): void {
    if (node.type === 'ImportDeclaration') this.importFrom(node);
    else if (node.type === 'ExportNamedDeclaration') this.exportOf(node);
  }

  private importFrom(node: Node): void {
    const specifiers = (node['specifiers'] as Node[]).filter((it) => it['importKind'] !== 'type');
    if (node['importKind'] === 'type' || specifiers.length === 0) {
      this.text.remove(node.start, node.end);
      return;
    }
    const names = specifiers.map((it) => {
      const [imported, local] = [it['imported'] as Node, it['local'] as Node];
      return `${String(imported['name'])}: ${String(local['name'])}`;
    });
    const from = JSON.stringify((node['source'] as Node)['value']);
    this.text.overwrite(node.start, node.end, `const { ${names.join(', ')} } = $import(${from});`);
  }

  private exportOf(node: Node): void {
    const declared = node['declaration'] as Node | null;
    if (declared === null || declared.type.startsWith('TS')) {
      this.text.remove(node.start, declared === null ? node.end : declared.start);
      return;
    }
    this.text.remove(node.start, declared.start);
    const list = declared.type === 'VariableDeclaration' ? declared['declarations'] : [declared];
    for (const it of list as Node[]) this.exported.push(String((it['id'] as Node)['name']));
  }
}
