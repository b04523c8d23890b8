// A zone as a plain array of pages, each with the run that has it or nothing: what the buddy system
// must agree with, word for word. A free block is any aligned stretch of 2^n free pages that is not
// inside a larger one, so the array says what every RUN word has to be.

export class PageModel {
  readonly first: number;
  readonly end: number;
  /** Page → first page of its run. */
  private readonly owner = new Map<number, number>();
  /** First page of a run → its pages. */
  readonly runs = new Map<number, number>();

  constructor(first: number, end: number) {
    this.first = first;
    this.end = end;
  }

  get freePages(): number {
    return this.end - this.first - this.owner.size;
  }

  isFree(from: number, pages: number): boolean {
    if (from < this.first || from + pages > this.end) return false;
    for (let page = from; page < from + pages; page++) if (this.owner.has(page)) return false;
    return true;
  }

  /** Whether there is an aligned block of 2^order free pages. */
  hasBlock(order: number): boolean {
    const length = 2 ** order;
    const start = Math.ceil(this.first / length) * length;
    for (let at = start; at + length <= this.end; at += length) {
      if (this.isFree(at, length)) return true;
    }
    return false;
  }

  /** Whether so many free pages stand side by side anywhere. */
  hasSpan(pages: number): boolean {
    for (let at = this.first; at + pages <= this.end; at++) {
      if (this.isFree(at, pages)) return true;
    }
    return false;
  }

  take(page: number, pages: number): void {
    for (let at = page; at < page + pages; at++) this.owner.set(at, page);
    this.runs.set(page, pages);
  }

  give(page: number): void {
    const pages = this.runs.get(page) ?? 0;
    for (let at = page; at < page + pages; at++) this.owner.delete(at);
    this.runs.delete(page);
  }

  /** The RUN word of every page, first to last. */
  words(): number[] {
    const words = new Array<number>(this.end - this.first).fill(0);
    for (const [page, pages] of this.runs) words[page - this.first] = pages;
    for (let page = this.first; page < this.end;) {
      if (this.owner.has(page)) {
        page++;
        continue;
      }
      let order = 0;
      while (page % 2 ** (order + 1) === 0 && this.isFree(page, 2 ** (order + 1))) order++;
      words[page - this.first] = -1 - order;
      page += 2 ** order;
    }
    return words;
  }
}
