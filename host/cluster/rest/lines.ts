const NEWLINE = 0x0a;

/** No frame of a watch is longer: etcd's limit for one object is 1.5 MiB. Beyond it something else than an API server is speaking. */
export const LONGEST_LINE_BYTES = 32 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines of text, whatever the chunks; a character that is split over two is put together again. Empty lines are left out, and what
 * follows the last newline is never given: the frame is incomplete.
 */
export class LineSplitter {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** Complete lines. Throws when one is longer than `LONGEST_LINE_BYTES`. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#finish(chunk.subarray(start, end));
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(rest: Buffer): void {
    this.#pending.push(rest);
    this.#pendingBytes += rest.length;
    if (this.#pendingBytes > LONGEST_LINE_BYTES) {
      throw new Error(`expected frames of at most ${LONGEST_LINE_BYTES} bytes, one came without an end`);
    }
  }

  #finish(tail: Buffer): string {
    if (this.#pending.length === 0) return tail.toString('utf8');
    const line = Buffer.concat([...this.#pending, tail]).toString('utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }
}
