/** Reading and writing of the WebAssembly binary format, as far as the build needs it (WebAssembly core specification, 5. Binary format). */

export const SECTION = { custom: 0, memory: 5, global: 6, export: 7, data: 11, dataCount: 12 } as const;

/** Magic and version. */
export const HEADER_BYTES = 8;

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

/** Walks through bytes; every read moves on. */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset++];
    if (value === undefined)
      throw new Error(`reading Wasm: expected a byte at ${this.#offset - 1}, the ${this.#bytes.length} bytes end before`);
    return value;
  }

  /** Unsigned LEB128, up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#offset);
  }
}

export function readSections(module: Uint8Array): Section[] {
  const reader = new Reader(module);
  reader.take(HEADER_BYTES);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    sections.push({ id, body: reader.take(reader.unsigned()) });
  }
  return sections;
}

export function writeModule(sections: readonly Section[]): Uint8Array {
  const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  return concat([header, ...sections.flatMap(({ id, body }) => [Uint8Array.of(id, ...unsigned(body.length)), body])]);
}

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 0x80 : low);
  } while (left > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer, as `i32.const` takes it. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let left = value | 0;
  for (;;) {
    const low = left & 0x7f;
    left >>= 7;
    const done = (left === 0 && (low & 0x40) === 0) || (left === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** A name or other text, with its length before it. */
export function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
