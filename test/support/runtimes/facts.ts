// A program that asks the runtime which plays it what it does with its threads, as far as a heap
// depends on it, and prints the answers as one line of JSON. It is its own worker as well.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isMainThread,
  MessageChannel,
  parentPort,
  Worker,
  workerData,
  type MessagePort,
} from 'node:worker_threads';

/** Each is true in Node. */
export interface Facts {
  /** `terminate` stops a thread wherever it is, not only where its event loop turns. */
  readonly stops: boolean;
  /** A worker's 'exit' is told after the last of its JavaScript. */
  readonly exitIsEnd: boolean;
  /** The end of a thread closes the ports that it had. */
  readonly closes: boolean;
  /** The system tells which threads run: Linux's /proc, where it may be read. */
  readonly asks: boolean;
  /** A SharedArrayBuffer may be larger than 4 GiB. */
  readonly large: boolean;
  /** A worker of worker_threads does not look like one of a browser. */
  readonly plain: boolean;
  /** A program that is given as text, by `-e`, may import modules. */
  readonly imports: boolean;
}

const IMPORTING = "import('node:fs').then(() => console.log('imported'))";
const PATIENCE_MS = 3000;
const STILL_MS = 500;
type Role = 'turns' | 'naps' | 'rests';
interface Orders {
  readonly role: Role;
  /** How often it has gone round. */
  readonly turns: Int32Array<SharedArrayBuffer>;
}

class Subject {
  readonly turns = new Int32Array(new SharedArrayBuffer(8));
  readonly worker: Worker;
  readonly #port: Promise<unknown>;
  plain = false;

  constructor(role: Role) {
    const orders: Orders = { role, turns: this.turns };
    this.worker = new Worker(new URL(import.meta.url), { workerData: orders });
    const { port1, port2 } = new MessageChannel();
    this.#port = new Promise((resolve) => port1.on('close', resolve));
    this.worker.postMessage(port2, [port2]);
  }

  async begun(): Promise<void> {
    this.plain = await new Promise<boolean>((resolve) => this.worker.once('message', resolve));
    while (Atomics.load(this.turns, 0) === 0) await sleep(1);
  }

  /** Ends it; resolves with the turns that it had gone when its exit was told. */
  async end(): Promise<number> {
    const exit = new Promise((resolve) => this.worker.once('exit', resolve));
    void this.worker.terminate();
    await exit;
    return Atomics.load(this.turns, 0);
  }

  /** Whether it stands still before long. */
  async isStill(): Promise<boolean> {
    for (let waited = 0; waited < PATIENCE_MS; waited += STILL_MS) {
      const seen = Atomics.load(this.turns, 0);
      await sleep(STILL_MS);
      if (Atomics.load(this.turns, 0) === seen) return true;
    }
    return false;
  }

  closes(): Promise<boolean> {
    return Promise.race([this.#port.then(() => true), sleep(PATIENCE_MS, false)]);
  }
}

async function ask(): Promise<Facts> {
  const roles: readonly Role[] = ['turns', 'naps', 'rests'];
  const subjects = roles.map((role) => new Subject(role));
  await Promise.all(subjects.map((subject) => subject.begun()));
  const atExit = await Promise.all(subjects.map((subject) => subject.end()));
  const [still, closed] = await Promise.all([
    Promise.all(subjects.map((subject) => subject.isStill())),
    Promise.all(subjects.map((subject) => subject.closes())),
  ]);
  return {
    stops: !still.includes(false),
    exitIsEnd: subjects.every(({ turns }, i) => Atomics.load(turns, 0) === atExit[i]),
    closes: !closed.includes(false),
    asks: works(() => readFileSync('/proc/thread-self/stat', 'latin1')),
    large: works(() => new SharedArrayBuffer(2 ** 32 + 2 ** 16)),
    plain: subjects.every(({ plain }) => plain),
    imports: spawnSync(process.execPath, ['-e', IMPORTING]).stdout.includes('imported'),
  };
}

function works(attempt: () => unknown): boolean {
  try {
    return attempt() !== undefined;
  } catch {
    return false;
  }
}

function go({ role, turns }: Orders): void {
  while (role === 'turns') Atomics.add(turns, 0, 1);
  while (role === 'naps') {
    Atomics.add(turns, 0, 1);
    Atomics.wait(turns, 1, 0, 5);
  }
  setInterval(() => Atomics.add(turns, 0, 1), 5);
}

if (isMainThread) {
  console.log(JSON.stringify(await ask()));
  process.exit();
} else {
  parentPort?.once('message', (port: MessagePort) => {
    port.on('message', () => undefined); // so it stays open
    parentPort?.postMessage(!('self' in globalThis && 'postMessage' in globalThis));
    setTimeout(() => go(workerData as Orders), 50); // the message is on its way
  });
}
