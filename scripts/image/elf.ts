/** What a program or library needs of others. */
export interface Needs {
  /** Absolute path of the loader; undefined for libraries and for programs that need none. */
  readonly interpreter: string | undefined;
  /** Names of libraries: `libc.so.6`. */
  readonly libraries: readonly string[];
}

const PROGRAM_HEADER = { load: 1, dynamic: 2, interpreter: 3 } as const;
const DYNAMIC = { end: 0, needed: 1, stringTable: 5 } as const;

/** What a 64-bit little-endian ELF file needs; undefined for any other file. Source: System V ABI, chapters 4 and 5. */
export function needsOf(content: Uint8Array): Needs | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) return undefined;
  const headers = programHeaders(bytes);
  const interpreter = headers.find(({ type }) => type === PROGRAM_HEADER.interpreter);
  const dynamic = headers.find(({ type }) => type === PROGRAM_HEADER.dynamic);
  return {
    interpreter: interpreter === undefined ? undefined : textAt(bytes, interpreter.offset),
    libraries: dynamic === undefined ? [] : librariesIn(bytes, headers, dynamic),
  };
}

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function programHeaders(bytes: Buffer): readonly ProgramHeader[] {
  const start = Number(bytes.readBigUInt64LE(32));
  const entrySize = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = start + index * entrySize;
    const long = (offset: number): number => Number(bytes.readBigUInt64LE(at + offset));
    return { type: bytes.readUInt32LE(at), offset: long(8), address: long(16), size: long(32) };
  });
}

function librariesIn(bytes: Buffer, headers: readonly ProgramHeader[], dynamic: ProgramHeader): readonly string[] {
  const needed: number[] = [];
  let tableAddress = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = Number(bytes.readBigUInt64LE(at));
    const value = Number(bytes.readBigUInt64LE(at + 8));
    if (tag === DYNAMIC.end) break;
    if (tag === DYNAMIC.needed) needed.push(value);
    if (tag === DYNAMIC.stringTable) tableAddress = value;
  }
  const load = headers.find(
    ({ type, address, size }) => type === PROGRAM_HEADER.load && address <= tableAddress && tableAddress < address + size,
  );
  if (load === undefined) return [];
  const table = load.offset + tableAddress - load.address;
  return needed.map((offset) => textAt(bytes, table + offset));
}

function textAt(bytes: Buffer, start: number): string {
  return bytes.toString('latin1', start, bytes.indexOf(0, start));
}
