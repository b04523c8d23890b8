// The progress bar, on stderr and only where a person is watching.
import { PassThrough } from 'node:stream';
import { SingleBar } from 'cli-progress';
import type { Audience } from './run.ts';

export class Progress implements Audience {
  readonly #bar: SingleBar;
  #round = '';

  /** Nothing is drawn where something else is shown. */
  constructor(shown = true) {
    this.#bar = new SingleBar({
      format: '{bar} {percentage} % of {total} {unit}  {what}',
      stream: shown ? process.stderr : new PassThrough(),
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
    this.#bar.start(events, 0, { unit: 'events', what: '' });
  }

  onProgress(turn: string, events: number): void {
    this.#bar.update(events, { what: `${this.#round}${turn}` });
  }

  onSiege(milliseconds: number): void {
    this.#bar.stop();
    this.#bar.start(milliseconds, 0, { unit: 'ms', what: '' });
  }

  onKills(milliseconds: number, kills: number): void {
    this.#bar.update(Math.round(milliseconds), { what: `under fire, ${kills} kills` });
  }

  end(): void {
    this.#bar.stop();
  }
}
