// Plays programs and tests by a runtime, each in a process of its own with a limit of time.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Facts } from './facts.ts';
import type { Runtime } from './found.ts';

const FACTS_MS = 120_000;
const TESTS_MS = 20 * 60_000;
const PATIENCE = ['--testTimeout', '60000', '--hookTimeout', '60000'];
const MOST_OUTPUT = 4000;

export interface Ended {
  /** Null when it was ended by force: its time was over. */
  readonly status: number | null;
  readonly output: string;
}

export interface Outcome {
  /** Below test/, without its ending. */
  readonly file: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly why: string;
}

/** The part of the test runner's report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export class Player {
  readonly runtime: Runtime;
  readonly #root: string;

  constructor(runtime: Runtime, root: string) {
    this.runtime = runtime;
    this.#root = root;
  }

  /** What the program says, and how it ends. */
  run(args: readonly string[], limitMs: number, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const [program, ...before] = this.runtime.command;
    const env = { ...ownEnvironment(), NO_COLOR: '1', ...more };
    const options = { cwd: this.#root, env, stdio: 'pipe', timeout: limitMs } as const;
    const child = spawn(program, [...before, ...args], { ...options, killSignal: 'SIGKILL' });
    let output = '';
    const hear = (text: Buffer) => void (output = (output + text.toString()).slice(-MOST_OUTPUT));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, output }));
    });
  }

  async facts(): Promise<Facts> {
    const { status, output } = await this.run(['dist/test/support/runtimes/facts.js'], FACTS_MS);
    if (status !== 0) throw new Error(`${this.runtime.name} tells nothing of itself: ${output}`);
    return JSON.parse(output) as Facts;
  }

  /** Those in the files whose names do not match. */
  async tests(files: readonly string[], without: readonly RegExp[]): Promise<Outcome[]> {
    const folder = mkdtempSync(join(tmpdir(), 'atomalloc-runtimes-'));
    try {
      const report = join(folder, 'report.json');
      const to = ['--reporter=json', `--outputFile=${report}`];
      const sources = without.map(({ source }) => source);
      const names = without.length > 0 ? ['-t', `^(?!.*(?:${sources.join('|')}))`] : [];
      const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'test'];
      const paths = files.map((file) => `test/${file}.test.ts`);
      const all = [...vitest, ...PATIENCE, ...to, ...names, ...paths];
      const { output } = await this.run(all, TESTS_MS, { AT_RUNTIME: this.runtime.name });
      const outcomes = outcomesIn(report, output);
      const silent = files.filter((name) => !outcomes.some(({ file }) => file === name));
      return [...outcomes, ...silent.map((file) => unheard(file, output))];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** A test runner that plays this one has told its own. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|VITE_|TEST$)/.test(name));
  return Object.fromEntries(own);
}

function unheard(file: string, why: string): Outcome {
  return { file, name: 'the file as a whole', status: 'failed', why };
}

function outcomesIn(path: string, output: string): Outcome[] {
  const { testResults } = readReport(path, output);
  return testResults.flatMap(({ name, status: all, message, assertionResults }) => {
    const file = name.replaceAll('\\', '/').replace(/^.*\/test\/(.*)\.test\.ts$/, '$1');
    const outcomes = assertionResults.map(({ fullName, status, failureMessages = [] }): Outcome => {
      const is = status === 'passed' || status === 'failed' ? status : 'skipped';
      return { file, name: fullName, status: is, why: failureMessages.join('\n') };
    });
    const isTold = all !== 'failed' || outcomes.some(({ status }) => status === 'failed');
    if (isTold && outcomes.length > 0) return outcomes;
    return [...outcomes, { file, name: 'the file as a whole', status: 'failed', why: message }];
  });
}

function readReport(path: string, output: string): Report {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch (error) {
    throw new Error(`the tests have left no report: ${output}`, { cause: error });
  }
}
