/** What a sandbox's WASI calls may reach: bytes for stdin, and how much it may write. */
export interface WasiOptions {
  /** Default: empty. */
  readonly stdin?: Uint8Array;
  /** Bytes of stdout, and of stderr, that are kept; the rest is dropped. */
  readonly keepBytes: number;
}

/** WASI preview 1 for one instance: stdin, stdout, stderr, exit, and constants for clock and random. There is no file, no environment, nothing else. */
export interface Wasi {
  /** Imports of the module, under `wasi_snapshot_preview1`. */
  readonly imports: Readonly<Record<string, (...args: never[]) => number>>;
  /** To be called with the instance's memory before anything of it runs. */
  attach(memory: WebAssembly.Memory): void;
  stdout(): Uint8Array;
  stderr(): string;
  /** Forgets what was written and reads stdin from its start again. */
  reset(): void;
}

/** `proc_exit`, which must not return. */
export class WasiExit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the sandbox ended itself with code ${code}`);
    this.name = 'WasiExit';
    this.code = code;
  }
}

const OK = 0;
const BAD_DESCRIPTOR = 8;
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const CHARACTER_DEVICE = 2;
const DESCRIPTOR_STAT_BYTES = 24;
/** Any constant will do; it seeds QuickJS's `Math.random` and Rust's hash maps. */
const RANDOM_BYTE = 0x42;

export function createWasi(options: WasiOptions): Wasi {
  const stdin = options.stdin ?? new Uint8Array(0);
  let memory: WebAssembly.Memory | null = null;
  let stdinOffset = 0;
  let stdout = new Kept(options.keepBytes);
  let stderr = new Kept(options.keepBytes);

  const view = (): DataView => new DataView(buffer());
  const buffer = (): ArrayBuffer => {
    if (!memory) throw new Error('WASI was called before its memory was attached');
    return memory.buffer;
  };
  const span = (address: number, length: number): Uint8Array => new Uint8Array(buffer(), address >>> 0, length >>> 0);
  /** Buffers of a scatter or gather call: pairs of address and length. */
  const spans = (address: number, count: number): Uint8Array[] => {
    const list = view();
    return Array.from({ length: count >>> 0 }, (_, i) => {
      const pair = (address >>> 0) + 8 * i;
      return span(list.getUint32(pair, true), list.getUint32(pair + 4, true));
    });
  };

  const imports = {
    random_get(address: number, length: number): number {
      span(address, length).fill(RANDOM_BYTE);
      return OK;
    },
    clock_time_get(_clock: number, _precision: bigint, address: number): number {
      view().setBigUint64(address >>> 0, 0n, true);
      return OK;
    },
    environ_get(): number {
      return OK;
    },
    environ_sizes_get(countAddress: number, bytesAddress: number): number {
      view().setUint32(countAddress >>> 0, 0, true);
      view().setUint32(bytesAddress >>> 0, 0, true);
      return OK;
    },
    fd_close(): number {
      return BAD_DESCRIPTOR;
    },
    fd_seek(): number {
      return BAD_DESCRIPTOR;
    },
    fd_fdstat_get(descriptor: number, address: number): number {
      if (descriptor > STDERR) return BAD_DESCRIPTOR;
      span(address, DESCRIPTOR_STAT_BYTES).fill(0);
      view().setUint8(address >>> 0, CHARACTER_DEVICE);
      return OK;
    },
    fd_read(descriptor: number, list: number, count: number, readAddress: number): number {
      if (descriptor !== STDIN) return BAD_DESCRIPTOR;
      const start = stdinOffset;
      for (const target of spans(list, count)) {
        const chunk = stdin.subarray(stdinOffset, stdinOffset + target.length);
        target.set(chunk);
        stdinOffset += chunk.length;
      }
      view().setUint32(readAddress >>> 0, stdinOffset - start, true);
      return OK;
    },
    fd_write(descriptor: number, list: number, count: number, writtenAddress: number): number {
      if (descriptor !== STDOUT && descriptor !== STDERR) return BAD_DESCRIPTOR;
      const kept = descriptor === STDOUT ? stdout : stderr;
      let written = 0;
      for (const chunk of spans(list, count)) {
        kept.add(chunk);
        written += chunk.length;
      }
      view().setUint32(writtenAddress >>> 0, written, true);
      return OK;
    },
    proc_exit(code: number): never {
      throw new WasiExit(code);
    },
  };

  return {
    imports,
    attach(attached) {
      memory = attached;
    },
    stdout: () => stdout.bytes(),
    stderr: () => new TextDecoder().decode(stderr.bytes()),
    reset() {
      stdinOffset = 0;
      if (!stdout.empty) stdout = new Kept(options.keepBytes);
      if (!stderr.empty) stderr = new Kept(options.keepBytes);
    },
  };
}

/** The first bytes of a stream. Copies, because the sandbox's memory changes behind it. */
class Kept {
  readonly #chunks: Uint8Array[] = [];
  #room: number;

  constructor(roomBytes: number) {
    this.#room = roomBytes;
  }

  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  add(chunk: Uint8Array): void {
    const kept = chunk.slice(0, this.#room);
    if (kept.length === 0) return;
    this.#chunks.push(kept);
    this.#room -= kept.length;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let offset = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, offset);
      offset += chunk.length;
    }
    return all;
  }
}
