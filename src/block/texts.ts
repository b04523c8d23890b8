// Texts, in debug heaps: tags, and where blocks were taken and freed. A text is written once and
// stays; its number is the word at which it stands, so blocks can name it and every thread can read
// it, whoever wrote it. There is no lock: who adds a text takes room for it by one atomic add,
// writes it there, and its length last.
//
//   word      writers          readers  access  if its writer dies midway
//   USED      any, by add      any      atomic  valid: room for a text that never comes
//   LENGTH    who took room    any      atomic  0: no text, and no block names it
//   the text  who took room    any      plain   written before LENGTH makes it count
//
// Each seat remembers the numbers of the texts that it has added. Two seats may have the same text
// under two numbers. When there is no more room, further texts are lost, which is all.

import type { Layout } from '../word/geometry.ts';
import type { Memory } from '../word/memory.ts';

/** Longer ones are cut. */
const BYTES_MAX = 2 ** 11;
const USED = 0;

export class Texts {
  private readonly memory: Memory;
  private readonly first: number;
  private readonly words: number;
  private readonly known = new Map<string, number>();

  constructor(memory: Memory, layout: Layout) {
    this.memory = memory;
    this.first = layout.texts;
    this.words = layout.endWords - layout.texts;
  }

  /** The number of a text; 0 for none, and when there is no room. */
  numberOf(text: string): number {
    if (text === '') return 0;
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const number = this.add(text);
    if (number !== 0) this.known.set(text, number);
    return number;
  }

  /** The text of that number; '' if there is none. */
  read(number: number): string {
    if (number <= 0 || number >= this.words) return '';
    const at = this.first + number;
    const length = this.memory.load(at); // pairs with the store in `add`
    const words = new Int32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.memory.get(at + 1 + i);
    return new TextDecoder().decode(new Uint8Array(words.buffer, 0, length));
  }

  private add(text: string): number {
    const { memory, first } = this;
    const bytes = new TextEncoder().encode(text).subarray(0, BYTES_MAX);
    const words = new Int32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    const need = words.length + 1;
    if (1 + memory.load(first + USED) + need > this.words) return 0;
    const number = 1 + memory.add(first + USED, need);
    if (number + need > this.words) return 0; // another thread was quicker
    for (let i = 0; i < words.length; i++) memory.set(first + number + 1 + i, words[i] as number);
    memory.store(first + number, bytes.length); // COMMIT
    return number;
  }
}
