const NEWLINE = 0x0a;
const SMALLEST_BYTES = 4_096;

/** The end of a text that comes in pieces: a ring that grows with it, and never beyond its capacity. */
export class TailBuffer {
  readonly #capacity: number;
  #ring = Buffer.alloc(0);
  /** Where the next byte goes. */
  #next = 0;
  #size = 0;
  #lines = 0;
  #hasLost = false;

  /** `capacity` in bytes of UTF-8, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#size;
  }

  /** Lines that have come to an end, held or not. */
  get lines(): number {
    return this.#lines;
  }

  /** Whether there was more than is held. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  push(text: string): void {
    const bytes = Buffer.from(text);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.#lines += 1;
    this.#hasLost ||= this.#size + bytes.length > this.#capacity;
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#capacity));
    this.#makeRoom(this.#size + kept.length);
    const first = Math.min(kept.length, this.#ring.length - this.#next);
    kept.copy(this.#ring, this.#next, 0, first);
    kept.copy(this.#ring, 0, first);
    this.#next = this.#ring.length === 0 ? 0 : (this.#next + kept.length) % this.#ring.length;
    this.#size = Math.min(this.#capacity, this.#size + kept.length);
  }

  /** What is held, from its first whole character. */
  text(): string {
    const bytes = this.#inOrder();
    return bytes.toString('utf8', characterFrom(bytes, 0));
  }

  #inOrder(): Buffer {
    const from = this.#next - this.#size;
    if (from >= 0) return this.#ring.subarray(from, this.#next);
    return Buffer.concat([this.#ring.subarray(this.#ring.length + from), this.#ring.subarray(0, this.#next)]);
  }

  #makeRoom(neededBytes: number): void {
    if (neededBytes <= this.#ring.length || this.#ring.length === this.#capacity) return;
    const ring = Buffer.alloc(Math.min(this.#capacity, Math.max(neededBytes, 2 * this.#ring.length, SMALLEST_BYTES)));
    this.#inOrder().copy(ring);
    this.#ring = ring;
    this.#next = this.#size % ring.length;
  }
}

/** The first place at or behind `from` at which a character of UTF-8 begins. */
export function characterFrom(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}
