// What a long run says of itself while it goes on, so that one that is cut short has told
// something: each step in one line of a terminal, and a line every five minutes anywhere.

const LINE_MS = 5 * 60_000;

export class Progress {
  private readonly start = performance.now();
  private told = this.start;

  /** `sums` is worked out when it is told. */
  tell(what: string, sums: () => string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
    const now = performance.now();
    if (now - this.told < LINE_MS) return;
    this.told = now;
    const minutes = ((now - this.start) / 60_000).toFixed(0);
    const end = process.stderr.isTTY ? '\r\x1b[K' : '';
    process.stderr.write(`${end}${minutes} min: ${sums()}; ${what}\n`);
  }
}
