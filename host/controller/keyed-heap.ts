/** What stands first, and by what. */
export interface Ranked<Rank> {
  readonly key: string;
  readonly rank: Rank;
}

/**
 * Binary heap of keys, each at most once, whose rank can be changed and which can be taken out from anywhere in O(log n). Equal ranks go by the key, so
 * the order never depends on the order of insertion.
 */
export class KeyedHeap<Rank> {
  readonly #before: (a: Rank, b: Rank) => boolean;
  readonly #items: Ranked<Rank>[] = [];
  readonly #indexes = new Map<string, number>();

  /** `before` says whether the first rank goes before the second; it must be a strict weak order. */
  constructor(before: (a: Rank, b: Rank) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  keys(): IterableIterator<string> {
    return this.#indexes.keys();
  }

  has(key: string): boolean {
    return this.#indexes.has(key);
  }

  rankOf(key: string): Rank | undefined {
    const index = this.#indexes.get(key);
    return index === undefined ? undefined : this.#items[index]?.rank;
  }

  /** How many go before a key; 0 for one that is not there. O(n). */
  countBefore(key: string): number {
    const item = this.#items[this.#indexes.get(key) ?? -1];
    if (item === undefined) return 0;
    const goesBefore = (other: Ranked<Rank>): boolean =>
      this.#before(other.rank, item.rank) || (!this.#before(item.rank, other.rank) && other.key < item.key);
    return this.#items.filter(goesBefore).length;
  }

  peek(): Ranked<Rank> | undefined {
    return this.#items[0];
  }

  pop(): Ranked<Rank> | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.delete(first.key);
    return first;
  }

  /** Puts a key in, or gives it another rank. */
  set(key: string, rank: Rank): void {
    const index = this.#indexes.get(key) ?? this.#items.length;
    this.#place({ key, rank }, index);
    this.#down(this.#up(index));
  }

  /** Whether the key was there. */
  delete(key: string): boolean {
    const index = this.#indexes.get(key);
    if (index === undefined) return false;
    this.#indexes.delete(key);
    const last = this.#items.pop();
    if (last === undefined || index === this.#items.length) return true;
    this.#place(last, index);
    this.#down(this.#up(index));
    return true;
  }

  #place(item: Ranked<Rank>, index: number): void {
    this.#items[index] = item;
    this.#indexes.set(item.key, index);
  }

  #up(start: number): number {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
    return index;
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      const left = index * 2 + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#items[a];
    const second = this.#items[b];
    if (first === undefined || second === undefined) return false;
    if (this.#before(first.rank, second.rank)) return true;
    return !this.#before(second.rank, first.rank) && first.key < second.key;
  }

  #swap(a: number, b: number): void {
    const first = this.#items[a];
    const second = this.#items[b];
    if (first === undefined || second === undefined) return;
    this.#place(second, a);
    this.#place(first, b);
  }
}
