// Those who watch a heap while it is at work: browsers, through the dashboard, and the terminal.
// Both look at one heap at a time, and are turned to another when the next phase begins on it.
import { clearScreenDown, moveCursor } from 'node:readline';
import { Looker, serveInspector, type Inspector } from '../../src/host/inspector.ts';
import type { SharedHeap } from '../../src/index.ts';
import { CELLS, formatGlance } from './glance.ts';
import { REFUSED, type Options } from './options.ts';
import { paintFor } from './style.ts';

const REDRAW_MS = 500;
/** Where lines stay, each look is one too many. */
const REPEAT_MS = 5000;

/** What is shown of a heap, again and again, in a terminal or what is in its place. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #looker: Looker;
  readonly #timer: NodeJS.Timeout;
  #lines = 0;
  #shown = false;

  constructor(heap: SharedHeap, stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#looker = new Looker(heap);
    this.#looker.look(CELLS); // rates begin here
    this.#timer = setInterval(() => this.show(), stream.isTTY ? REDRAW_MS : REPEAT_MS).unref();
  }

  show(): void {
    this.#shown = true;
    const text = formatGlance(this.#looker.look(CELLS), paintFor(this.#stream));
    if (!this.#stream.isTTY) return void this.#stream.write(`${text}\n\n`);
    const lines = text.split('\n').slice(0, Math.max(1, this.#stream.rows - 1));
    if (this.#lines > 0) moveCursor(this.#stream, 0, -this.#lines);
    clearScreenDown(this.#stream);
    this.#stream.write(`${lines.join('\n')}\n`);
    this.#lines = lines.length;
  }

  /** What is shown stays; something is. */
  end(): void {
    clearInterval(this.#timer);
    if (!this.#shown) this.show();
  }
}

export class Onlookers {
  readonly #watch: boolean;
  readonly #dashboard: boolean;
  #port: number;
  #inspector: Inspector | null = null;
  #terminal: Terminal | null = null;

  private constructor({ dashboard, watch }: Options) {
    this.#watch = watch;
    this.#dashboard = dashboard !== undefined;
    this.#port = dashboard ?? 0;
  }

  /** Those who were asked for; ends the process with status 2 when the port is not to be had. */
  static async invite(options: Options, heap: SharedHeap): Promise<Onlookers> {
    const onlookers = new Onlookers(options);
    try {
      await onlookers.turnTo(heap);
    } catch (error) {
      console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(REFUSED);
    }
    if (onlookers.#inspector !== null) {
      console.log(`The heap as it lives: ${onlookers.#inspector.url}`);
    }
    return onlookers;
  }

  /** From now on they see this heap. */
  async turnTo(heap: SharedHeap): Promise<void> {
    await this.dismiss();
    if (this.#watch) this.#terminal = new Terminal(heap, process.stdout);
    if (!this.#dashboard) return;
    this.#inspector = await serveInspector(heap, { port: this.#port, keepAlive: false });
    this.#port = Number(new URL(this.#inspector.url).port || 80);
  }

  async dismiss(): Promise<void> {
    this.#terminal?.end();
    this.#terminal = null;
    await this.#inspector?.close();
    this.#inspector = null;
  }
}
