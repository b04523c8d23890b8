// Web Locks as a browser keeps them, without a browser: holders can be made to end.

import type { WebLocks } from '../../src/host/leases.ts';

interface Request {
  readonly name: string;
  readonly shared: boolean;
  readonly grant: () => void;
}

export class OriginLocks implements WebLocks {
  /** Names that were asked for, in order. */
  readonly asked: string[] = [];
  private held: Request[] = [];
  private queue: Request[] = [];

  request(
    name: string,
    options: { readonly mode?: 'exclusive' | 'shared'; readonly ifAvailable?: boolean },
    granted: (lock: unknown) => unknown,
  ): Promise<unknown> {
    this.asked.push(name);
    return new Promise((resolve, reject) => {
      const grant = async () => {
        try {
          resolve(await granted({ name }));
        } catch (error) {
          reject(error);
        }
        this.drop(request);
      };
      const request = { name, shared: options.mode === 'shared', grant: () => void grant() };
      if (options.ifAvailable === true && !this.isGrantable(request)) resolve(granted(null));
      else this.queue.push(request);
      this.turn();
    });
  }

  /** Whoever holds that name, or waits for it, ends. */
  end(name: string): void {
    this.held = this.held.filter((it) => it.name !== name);
    this.turn();
  }

  isHeld(name: string): boolean {
    return this.held.some((it) => it.name === name);
  }

  private drop(request: Request): void {
    this.held = this.held.filter((it) => it !== request);
    this.turn();
  }

  private turn(): void {
    for (const request of [...this.queue]) {
      if (!this.isGrantable(request)) continue;
      this.queue = this.queue.filter((it) => it !== request);
      this.held.push(request);
      request.grant();
    }
  }

  /** Nobody holds it, or is before it in line, with whom it cannot share. */
  private isGrantable(request: Request): boolean {
    const before = this.queue.slice(0, Math.max(0, this.queue.indexOf(request)));
    const line = this.queue.includes(request) ? before : this.queue;
    const others = [...this.held, ...line].filter((it) => it.name === request.name);
    return others.every((it) => it.shared && request.shared);
  }
}
