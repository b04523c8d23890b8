// The free lists of one zone: a doubly linked list of free blocks for each order, with how many
// there are, how many pages they have together, and a bit for each list that is not empty.
//
// All of it belongs to the zone's lock and is derived from the RUN words (buddy.ts). Equations:
//   FREE == sum of COUNTS[k] << k;  COUNTS[k] == length of list k
//   bit k of AVAILABLE == list k is not empty

import { ZONE } from '../word/layout.ts';
import type { Memory } from '../word/memory.ts';
import type { PageMap } from './pagemap.ts';

const { FREE, AVAILABLE, HEADS, COUNTS, ORDERS } = ZONE;

export class FreeLists {
  private readonly map: PageMap;
  private readonly memory: Memory;
  private readonly zone: number;

  constructor(map: PageMap, zone: number) {
    this.map = map;
    this.memory = map.memory;
    this.zone = zone;
  }

  freePages(): number {
    return this.memory.get(this.zone + FREE);
  }

  /** Free blocks of the first `orders` orders. Without the lock, as of a moment ago. */
  counts(orders: number): number[] {
    const at = this.zone + COUNTS;
    // RACE: stats reads them without the lock; each is a figure that was true once.
    return Array.from({ length: orders }, (_, order) => this.memory.get(at + order));
  }

  /** Bit k is set if a block of order k is free. */
  available(): number {
    return this.memory.get(this.zone + AVAILABLE);
  }

  /** First page of the list of an order; 0 when it is empty. */
  first(order: number): number {
    return this.memory.get(this.head(order));
  }

  /** The smallest order from `least` up with a free block, or -1. */
  findOrder(least: number): number {
    if (least >= ORDERS) return -1;
    const orders = this.available() & (-1 << least);
    return orders === 0 ? -1 : 31 - Math.clz32(orders & -orders);
  }

  insert(page: number, order: number): void {
    this.map.link(this.head(order), page);
    this.count(order, 1);
  }

  remove(page: number, order: number): void {
    this.map.unlink(this.head(order), page);
    this.count(order, -1);
  }

  /** Forgets all blocks, to be told of them anew. */
  clear(): void {
    const { memory, zone } = this;
    for (let order = 0; order < ORDERS; order++) {
      memory.set(zone + HEADS + order, 0);
      memory.set(zone + COUNTS + order, 0);
    }
    memory.set(zone + FREE, 0);
    memory.set(zone + AVAILABLE, 0);
  }

  private head(order: number): number {
    return this.zone + HEADS + order;
  }

  private count(order: number, blocks: number): void {
    const { memory, zone } = this;
    const count = memory.get(zone + COUNTS + order) + blocks;
    memory.set(zone + COUNTS + order, count);
    memory.set(zone + FREE, memory.get(zone + FREE) + (blocks << order));
    if (count === (blocks > 0 ? 1 : 0)) {
      memory.set(zone + AVAILABLE, memory.get(zone + AVAILABLE) ^ (1 << order));
    }
  }
}
