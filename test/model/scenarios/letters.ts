// What threads do at a channel, and what must be true of it whoever died: each block is in one
// place, the channel, a thread, or gone with a thread that had it; none that was sent is lost, save
// one in the hands of each receiver that is gone; and those of one sender come in its order.
//
// The channel's words lie in some of the header's that nobody uses, for the model has no words of
// users' blocks.

import { HEADER, LOCK } from '../../../src/word/layout.ts';
import { insideOf } from '../../../src/heap/door.ts';
import { isLive } from '../../../src/block/statemap.ts';
import type { Attachment } from '../../../src/heap/attachment.ts';
import { Channel } from '../../../src/parts/channel.ts';
import { ChannelRing } from '../../../src/parts/channelring.ts';
import { CHANNEL, formatRing } from '../../../src/parts/channelwords.ts';
import type { Scene } from '../scenario.ts';
import { heapOf, prepare } from './acts.ts';

const AT = HEADER.TAPE_CALL + 1;
const { HEAD, TAIL, MASK, ENTRIES, ENTRY_WORDS } = CHANNEL;
const SIZE = 64;
/** Some sleeps of a thread that waits for the dead. */
const PATIENCE = { waitMs: 200 } as const;

interface Letter {
  readonly ptr: number;
  readonly from: number;
  isSent: boolean;
  /** By which threads. */
  got: number[];
}

/** A channel and its letters, in the order in which each sender is to send its own. */
export class Post {
  private letters: Letter[] = [];
  private channels: Channel[] = [];
  private readonly capacity: number;
  private readonly senders: readonly number[];

  /** One letter for each of `senders`, by the thread that is to send it. */
  constructor(capacity: number, senders: readonly number[]) {
    this.capacity = capacity;
    this.senders = senders;
  }

  /** For `before`. */
  open(scene: Scene): void {
    formatRing(scene.memory, AT, this.capacity);
    this.channels = scene.heaps.map((heap) => new Channel(insideOf(heap), scene.memory, AT, 0));
    this.letters = this.senders.map((from) => {
      return { ptr: prepare(scene, from, SIZE), from, isSent: false, got: [] };
    });
  }

  /** For `each`. */
  takeBack(): void {
    for (const letter of this.letters) {
      letter.isSent = false;
      letter.got = [];
    }
  }

  /** For `before`: the first thread has the lock, and its letter is coming, or going to it. */
  diesLocked({ memory, on }: Scene, goes: boolean, isGone: boolean): void {
    const attachment = on[0] as Attachment;
    const granule = (this.letters[0] as Letter).ptr / 16;
    new ChannelRing(attachment, memory, AT).lock.lock();
    memory.set(AT + ENTRIES, granule);
    memory.set(AT + ENTRIES + 1, attachment.states.generations.current(granule));
    memory.set(AT + CHANNEL.COMING, 1);
    if (goes) memory.set(AT + TAIL, 1);
    if (goes) memory.set(AT + CHANNEL.GOING, 1);
    if (goes !== isGone) attachment.states.setOwner(granule, 0);
  }

  at(me: number): Channel {
    return this.channels[me] as Channel;
  }

  /** Sends this thread's letters, one after the other; how many. */
  sendsEach(me: number): number {
    let sent = 0;
    for (const letter of this.of(me)) {
      if (!this.at(me).send(letter.ptr, PATIENCE).ok) break;
      letter.isSent = true;
      sent++;
    }
    return sent;
  }

  /** As `sendsEach`, in one batch. */
  sendsAll(me: number): number {
    const mine = this.of(me);
    const done = this.at(me).sendMany(
      mine.map(({ ptr }) => ptr),
      PATIENCE,
    );
    const sent = done.ok ? done.value : 0;
    for (const letter of mine.slice(0, sent)) letter.isSent = true;
    return sent;
  }

  /** Receives so many, one after the other; how many. */
  receives(me: number, count: number): number {
    for (let i = 0; i < count; i++) {
      const got = this.at(me).receive(PATIENCE);
      if (!got.ok) return i;
      this.came(me, got.value);
    }
    return count;
  }

  /** Receives what there is, at most so many. */
  receivesAll(me: number, most: number): number {
    const out = new Array<number>(most).fill(0);
    const got = this.at(me).receiveMany(out, PATIENCE);
    for (let i = 0; got.ok && i < got.value; i++) this.came(me, out[i] as number);
    return got.ok ? got.value : 0;
  }

  /** For `settles`: `tracked` says whether the heap tracks owners. */
  settle(scene: Scene, tracked: boolean): void {
    const { memory, on, book } = scene;
    const word = memory.get(AT + CHANNEL.LOCK + LOCK.WORD);
    if (word !== 0) this.takeOver(scene, word);
    const inside = this.inside(scene);
    let gone = scene.heaps.filter((_, t) => isOut(scene, t)).length;
    for (const letter of this.letters) {
      const granule = letter.ptr / 16;
      const live = isLive((on[0] as Attachment).states.get(granule));
      book.held.delete(letter.ptr);
      if (live) book.held.set(letter.ptr, letter.from);
      if (live) book.sizes.set(letter.ptr, SIZE);
      this.judge(scene, letter, inside.filter((it) => it === granule).length, live, tracked);
      const lost = letter.isSent && letter.got.length === 0 && !inside.includes(granule);
      if (lost && gone-- <= 0) throw new Error(`${letter.ptr} was sent, and nobody has it`);
    }
    this.judgeOrder(inside);
  }

  private judge(scene: Scene, letter: Letter, places: number, live: boolean, tracked: boolean) {
    const { ptr, got, from } = letter;
    if (places + got.length > 1) throw new Error(`${ptr} is in ${places + got.length} places`);
    const holder = got[0] ?? from;
    const mustLive = places > 0 || (!isOut(scene, holder) && !letter.isSent) || !tracked;
    if (mustLive && !live) throw new Error(`${ptr} was freed`);
    if (!tracked || !live) return;
    const owner = (scene.on[0] as Attachment).states.ownerOf(ptr / 16);
    const nobodys = owner === 0 && places + got.length === 0 && !anyCrashed(scene);
    if (nobodys) throw new Error(`${ptr} is nobody's, and in no channel`);
    if (places > 0 && owner !== 0) throw new Error(`${ptr} is in the channel and ${owner}'s`);
    const known = got.length > 0 && !isOut(scene, holder);
    if (known && owner !== holder + 1) throw new Error(`${ptr} is ${owner}'s, ${holder} got it`);
  }

  /** Granules in the channel, the oldest first. */
  private inside({ memory }: Scene): number[] {
    const found: number[] = [];
    for (let i = memory.get(AT + HEAD); i !== memory.get(AT + TAIL); i++) {
      found.push(memory.get(AT + ENTRIES + (i & memory.get(AT + MASK)) * ENTRY_WORDS));
    }
    return found;
  }

  private judgeOrder(inside: readonly number[]): void {
    for (const from of new Set(this.senders)) {
      const sent = this.of(from).map(({ ptr }) => ptr / 16);
      const places = inside.map((granule) => sent.indexOf(granule)).filter((at) => at >= 0);
      if (places.some((at, i) => at < (places[i - 1] ?? 0))) throw new Error('out of order');
    }
  }

  private takeOver(scene: Scene, word: number): void {
    const ring = new ChannelRing(scene.on[0] as Attachment, scene.memory, AT);
    if (scene.heaps.every((_, t) => !isOut(scene, t))) throw new Error('the channel is locked');
    ring.lock.seize(word & ~1);
  }

  private came(me: number, ptr: number): void {
    const letter = this.letters.find((it) => it.ptr === ptr);
    if (letter === undefined) throw new Error(`thread ${me} received ${ptr}, which nobody sent`);
    const later = this.of(letter.from).slice(this.of(letter.from).indexOf(letter) + 1);
    if (later.some(({ got }) => got.includes(me))) throw new Error(`${ptr} came too late`);
    letter.got.push(me);
  }

  private of(me: number): Letter[] {
    return this.letters.filter(({ from }) => from === me);
  }
}

/** Whether a thread has died or crashed: its seat is nobody's, or another's. */
function isOut(scene: Scene, me: number): boolean {
  const { table, seat } = scene.on[me] as Attachment;
  return !table.isTaken(me) || table.incarnationOf(me) !== seat.incarnation;
}

/** Whether a stack has overflowed: what its thread had is nobody's, and it lives. */
function anyCrashed(scene: Scene): boolean {
  const gone = scene.gone();
  return scene.heaps.some((_, t) => isOut(scene, t) && !gone.includes(t));
}

/** Recovers whoever is dead, some times. */
export function recovers(scene: Scene, me: number, times: number): void {
  for (let i = 0; i < times; i++) heapOf(scene, me).recover();
}
