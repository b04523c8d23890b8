// Small wrongs, made by rule from the text of the sources: Stryker's operators, and two more that
// matter where words of bits are written: a statement left out, and one operator on bits for
// another. Each is a stretch of the file and what stands there instead.
//
// Left out are texts: string literals, patterns, and whatever a `throw` says.

import { Instrumenter } from '@stryker-mutator/instrumenter';
import { walk, type Node, type Unit } from '../source.ts';

export interface Mutation {
  readonly path: string;
  /** Offsets in the file. */
  readonly start: number;
  readonly end: number;
  readonly to: string;
  readonly line: number;
  readonly operator: string;
  /** What is changed to what, on one line, for people. */
  readonly tells: string;
}

type Logger = ConstructorParameters<typeof Instrumenter>[0];
type Stretch = Pick<Mutation, 'start' | 'end' | 'to' | 'operator'>;

const TEXT = ['StringLiteral', 'Regex'];
/** Each operator on bits, and the one that takes its place. */
const BITS: Readonly<Record<string, string>> = {
  '&': '|',
  '|': '&',
  '^': '&',
  '<<': '>>',
  '>>': '<<',
  '>>>': '<<',
};
/** The model knows an access by its place, and does not look at a view's own memory. */
const UNSEEN = 'this.memory = memory;';
const WIDTH = 72;

/** All mutations of one file, in the order of their places. */
export async function mutationsOf(unit: Unit): Promise<Mutation[]> {
  const said = walk(unit.program).filter(([node]) => node.type === 'ThrowStatement');
  const isSaid = (at: number) => said.some(([node]) => node.start < at && at < node.end);
  return [...(await ofStryker(unit)), ...leftOut(unit), ...onBits(unit)]
    .filter(({ start }) => !isSaid(start))
    .map((stretch) => ({ path: unit.path, ...stretch, ...told(unit, stretch) }))
    .sort((a, b) => a.start - b.start || a.end - b.end);
}

async function ofStryker(unit: Unit): Promise<Stretch[]> {
  const file = { name: unit.path, mutate: true, content: unit.text };
  const options = { excludedMutations: TEXT, ignorers: [], plugins: null, noHeader: true };
  const { mutants } = await new Instrumenter(silent()).instrument([file], options);
  const offset = ({ line, column }: { line: number; column: number }) =>
    (unit.lines[line] as number) + column;
  return mutants
    .filter((it) => it.status !== 'Ignored')
    .map(({ location, replacement, mutatorName: operator }) => {
      const [start, end] = [offset(location.start), offset(location.end)];
      return { start, end, to: guarded(operator, replacement), operator };
    });
}

/** Brackets around what may bind less tightly than what it replaces, and around lone parameters. */
function guarded(operator: string, text: string): string {
  const arrows = text.replace(/(?<![\w$.])([A-Za-z_$][\w$]*) =>/g, '($1) =>');
  return /^(Logical|Arithmetic|Equality)Operator$/.test(operator) ? `(${arrows})` : arrows;
}

/** Statements left out, one at a time; a block of one statement is emptied by Stryker. */
function leftOut({ program, text }: Unit): Stretch[] {
  const operator = 'StatementRemoval';
  return walk(program)
    .filter(([node, parent]) => node.type === 'ExpressionStatement' && !isAlone(node, parent))
    .filter(([node]) => text.slice(node.start, node.end) !== UNSEEN)
    .map(([{ start, end }]) => ({ start, end, to: ';', operator }));
}

function isAlone(node: Node, parent: Node | undefined): boolean {
  const body = parent?.type === 'BlockStatement' ? (parent['body'] as Node[]) : [];
  return body.length === 1 && body[0] === node;
}

function onBits({ program, text }: Unit): Stretch[] {
  return walk(program).flatMap(([node]) => {
    const operator = String(node['operator']);
    const instead = BITS[operator];
    if (node.type !== 'BinaryExpression' || instead === undefined) return [];
    const { start, end } = node;
    const [left, right] = [node['left'] as Node, node['right'] as Node];
    const sign = text.slice(left.end, right.start).replace(operator, instead);
    const to = `(${text.slice(start, left.end)}${sign}${text.slice(right.start, end)})`;
    return [{ start, end, to, operator: 'BitwiseOperator' }];
  });
}

function told({ text, lines }: Unit, { start, end, to }: Stretch) {
  const line = lines.findLastIndex((at) => at <= start) + 1;
  return { line, tells: `${onOneLine(text.slice(start, end))} → ${onOneLine(to)}` };
}

function onOneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}

function silent(): Logger {
  const no = () => false;
  const nothing = () => {};
  return {
    isTraceEnabled: no,
    isDebugEnabled: no,
    isInfoEnabled: no,
    isWarnEnabled: no,
    isErrorEnabled: no,
    isFatalEnabled: no,
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    fatal: nothing,
  };
}
