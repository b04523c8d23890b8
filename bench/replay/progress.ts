// The progress bar, on stderr and only where a person is watching.
import { SingleBar } from 'cli-progress';
import type { Audience } from './run.ts';

export class Progress implements Audience {
  readonly #bar: SingleBar;
  #round = '';

  constructor() {
    this.#bar = new SingleBar({
      format: '{bar} {percentage} % of {total} events  {what}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      noTTYOutput: false,
      barCompleteChar: '█',
      barIncompleteChar: '░',
    });
  }

  onRound(round: number, events: number): void {
    this.#round = round > 1 ? `round ${round}, ` : '';
    this.#bar.stop();
    this.#bar.start(events, 0, { what: '' });
  }

  onProgress(turn: string, events: number): void {
    this.#bar.update(events, { what: `${this.#round}${turn}` });
  }

  end(): void {
    this.#bar.stop();
  }
}
