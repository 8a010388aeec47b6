import { createWasi } from '#host/engine/wasi.ts';
import { concat, Reader, readSections, SECTION, type Section, signed, text, unsigned, writeModule } from './wasm-binary.ts';

/**
 * Runs a module once and writes its memory back as the module's initial one (what Wizer does), so that what ran need not run again.
 * Deterministic, because the module sees constants where a machine would give it a clock and random bytes.
 */

const PAGE_BYTES = 65_536;
/** Shorter runs of zeros are written out: a few thousand segments less make instantiation several times faster for 30 KB more of zeros. */
const SHORTEST_GAP_BYTES = 64;
const COMMAND_EXPORT = 'run-main';

/** The engine with its JavaScript runtime started: a Javy plugin that is ready for use. */
export function snapshotEngine(built: Uint8Array): Uint8Array {
  const instance = start(built);
  instance.call('initialize-runtime');
  return withMemory(built, instance.memory, {});
}

/**
 * The engine with an evaluated bundle in its memory, `_start` being the bundle's `main`.
 * @throws when the bundle does not evaluate, with the text of its exception.
 */
export function snapshotBundle(engine: Uint8Array, bundle: Uint8Array): Uint8Array {
  const bytecode = start(engine).pass('compile-bundle', bundle);
  const instance = start(engine);
  instance.pass('load-bundle', bytecode);
  return withMemory(engine, instance.memory, { [COMMAND_EXPORT]: '_start' });
}

interface Running {
  readonly memory: WebAssembly.Memory;
  /** Calls an export. */
  call(name: string, ...args: readonly number[]): number;
  /** Calls an export with bytes and gives those that it answers with (core/engine/src/answer.rs). */
  pass(name: string, input: Uint8Array): Uint8Array;
}

function start(module: Uint8Array): Running {
  const wasi = createWasi({ keepBytes: PAGE_BYTES });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { wasi_snapshot_preview1: wasi.imports });
  const memory = exports.memory as WebAssembly.Memory;
  wasi.attach(memory);

  const call = (name: string, ...args: readonly number[]): number => {
    const exported = exports[name];
    if (typeof exported !== 'function')
      throw new Error(`the engine has no export ${name}: build it again with \`npm run engine -- --write\``);
    try {
      return Number(exported(...args)) >>> 0;
    } catch (cause) {
      throw new Error(`calling ${name} in the engine: ${String(cause)} ${wasi.stderr()}`, { cause });
    }
  };
  const pass = (name: string, input: Uint8Array): Uint8Array => {
    const address = call('alloc', input.length);
    new Uint8Array(memory.buffer, address, input.length).set(input);
    const answer = call(name, address, input.length);
    const [status, start = 0, length = 0] = new Uint32Array(memory.buffer.slice(answer, answer + 12));
    const output = new Uint8Array(memory.buffer.slice(start, start + length));
    if (status !== 0) throw new Error(`the bundle, at ${name} in the engine: ${new TextDecoder().decode(output)}`);
    return output;
  };
  return { memory, call, pass };
}

function withMemory(module: Uint8Array, memory: WebAssembly.Memory, renamedExports: Readonly<Record<string, string>>): Uint8Array {
  const sections = readSections(module);
  refuseOtherState(sections);
  const image = new Uint8Array(memory.buffer);
  const segments = nonZeroRuns(image);
  return writeModule(
    sections.filter((section) => !isDebugInformation(section)).map((section) => ({ id: section.id, body: rewritten(section) })),
  );

  function rewritten({ id, body }: Section): Uint8Array {
    if (id === SECTION.memory) return withInitialPages(body, image.length / PAGE_BYTES);
    if (id === SECTION.export) return withRenamedExports(body, renamedExports);
    if (id === SECTION.dataCount) return Uint8Array.from(unsigned(segments.length));
    if (id === SECTION.data) return dataSection(image, segments);
    return body;
  }
}

type Run = readonly [start: number, end: number];

/** Where the memory is not zero; runs that lie closer together than a segment is worth are one. */
export function nonZeroRuns(memory: Uint8Array): Run[] {
  const runs: Run[] = [];
  let start = -1;
  let end = 0;
  for (let i = 0; i < memory.length; i++) {
    if (memory[i] === 0) continue;
    if (start >= 0 && i - end >= SHORTEST_GAP_BYTES) {
      runs.push([start, end]);
      start = -1;
    }
    if (start < 0) start = i;
    end = i + 1;
  }
  if (start >= 0) runs.push([start, end]);
  return runs;
}

function dataSection(memory: Uint8Array, segments: readonly Run[]): Uint8Array {
  const ACTIVE = 0x00;
  const I32_CONST = 0x41;
  const END = 0x0b;
  return concat([
    Uint8Array.from(unsigned(segments.length)),
    ...segments.flatMap(([start, end]) => [
      Uint8Array.of(ACTIVE, I32_CONST, ...signed(start), END, ...unsigned(end - start)),
      memory.subarray(start, end),
    ]),
  ]);
}

function withInitialPages(body: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(body);
  const memories = reader.unsigned();
  if (memories !== 1) throw new Error(`snapshot of a module with ${memories} memories: expected one`);
  const limits = reader.byte();
  reader.unsigned();
  return concat([Uint8Array.of(1, limits, ...unsigned(pages)), reader.rest()]);
}

function withRenamedExports(body: Uint8Array, renamed: Readonly<Record<string, string>>): Uint8Array {
  const reader = new Reader(body);
  const count = reader.unsigned();
  const entries = Array.from({ length: count }, () => {
    const name = reader.name();
    return Uint8Array.of(...text(renamed[name] ?? name), reader.byte(), ...unsigned(reader.unsigned()));
  });
  return concat([Uint8Array.from(unsigned(count)), ...entries]);
}

/**
 * What is outside the memory is not kept. The one mutable global that a C program has is its stack pointer, which is back at its start after every
 * call; with another one the snapshot would be wrong, silently.
 */
function refuseOtherState(sections: readonly Section[]): void {
  const globals = sections.find((section) => section.id === SECTION.global);
  const mutable = globals ? countMutable(new Reader(globals.body)) : 0;
  if (mutable !== 1) throw new Error(`snapshot of a module with ${mutable} mutable globals: expected the stack pointer and no other`);
}

function countMutable(reader: Reader): number {
  const I32_CONST = 0x41;
  const END = 0x0b;
  let mutable = 0;
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.byte();
    mutable += reader.byte();
    const opcode = reader.byte();
    if (opcode !== I32_CONST) throw new Error(`snapshot of a module whose global starts with opcode ${opcode}: expected i32.const`);
    reader.unsigned();
    if (reader.byte() !== END) throw new Error('snapshot of a module whose global starts with more than one constant');
  }
  return mutable;
}

/** The offsets in it would be wrong, and nobody reads it. */
function isDebugInformation({ id, body }: Section): boolean {
  if (id !== SECTION.custom) return false;
  const name = new Reader(body).name();
  return name === 'name' || name === 'producers' || name.startsWith('.debug');
}
