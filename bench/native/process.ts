// A side in C: a process that lives as long as the contest and plays a round for each line that it
// is sent.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Side } from '../suite/side.ts';
import type { Job } from '../workloads/work.ts';
import { isUnder, surroundingsFor } from './errand.ts';
import type { Library } from './libraries.ts';

export class NativeSide implements Side {
  readonly name: string;
  readonly native = true;
  ops = 0;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private readonly ended: Promise<unknown>;
  private complaint = '';

  private constructor(name: string, child: ChildProcessWithoutNullStreams) {
    this.name = name;
    this.child = child;
    this.lines = createInterface(child.stdout);
    this.ended = once(child, 'close');
    child.stderr.on('data', (text: Buffer) => (this.complaint += text.toString()));
    child.stdin.on('error', () => {}); // it has ended: its exit status tells
  }

  /** Starts the program under a library, and makes sure that it really is under it. */
  static async start(program: string, library: Library, job: Job): Promise<NativeSide> {
    const { workload, threads, size, live } = job;
    const env = surroundingsFor(library);
    const args = [workload, threads, size, live].map(String);
    const side = new NativeSide(library.name, spawn(program, args, { env }));
    const [ops, ...origin] = (await side.answer()).split(' ');
    side.ops = Number(ops);
    if (isUnder(library, origin.join(' '))) return side;
    await side.close();
    throw new Error(`malloc came from ${origin.join(' ')}`);
  }

  async round(turns: number): Promise<number> {
    this.child.stdin.write(`${turns}\n`);
    return Number(await this.answer());
  }

  private async answer(): Promise<string> {
    const line = once(this.lines, 'line').then(([text]) => text as string);
    const text = await Promise.race([line, this.ended.then(() => null)]);
    if (text === null) throw new Error(`the program in C ended: ${this.complaint.trim()}`);
    return text;
  }

  async close(): Promise<readonly string[]> {
    this.child.stdin.end();
    await this.ended;
    const { exitCode } = this.child;
    return exitCode === 0 ? [] : [`exit status ${exitCode}: ${this.complaint.trim()}`];
  }
}
