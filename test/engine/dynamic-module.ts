import { createWasi } from '#host/engine/wasi.ts';
import { concat, signed, text, unsigned, writeModule } from '#scripts/build/wasm-binary.ts';

/**
 * What `javy build -C dynamic` does: the plugin compiles the source to bytecode, and a small module carries the bytecode and calls the plugin's `invoke`
 * with it (javy-codegen 4.0.0, src/lib.rs).
 */

/** QuickJS bytecode of an ES module, by the plugin's own `compile-src`. */
export function compileSource(plugin: WebAssembly.Module, source: string): Uint8Array {
  const wasi = createWasi({ keepBytes: 4096 });
  const { exports } = new WebAssembly.Instance(plugin, { wasi_snapshot_preview1: wasi.imports });
  const { memory, cabi_realloc, 'compile-src': compile } = exports as unknown as PluginExports;
  wasi.attach(memory);
  const bytes = new TextEncoder().encode(source);
  const address = cabi_realloc(0, 0, 1, bytes.length);
  new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
  const answer = compile(address, bytes.length);
  const [status, resultAddress = 0, length = 0] = new Uint32Array(memory.buffer.slice(answer, answer + 12));
  const result = new Uint8Array(memory.buffer.slice(resultAddress, resultAddress + length));
  if (status !== 0) throw new Error(`compile-src: ${new TextDecoder().decode(result)}`);
  return result;
}

/** The name under which dynamic modules import the plugin. */
export function importNamespace(plugin: WebAssembly.Module): string {
  const [section] = WebAssembly.Module.customSections(plugin, 'import_namespace');
  if (!section) throw new Error('the plugin has no custom section import_namespace');
  return new TextDecoder().decode(section);
}

/** Runs a function of a dynamic module on the plugin, with text on stdin. */
export function runDynamic(
  plugin: WebAssembly.Module,
  module: Uint8Array,
  name: string,
  stdin: string,
): { stdout: string; stderr: string } {
  const wasi = createWasi({ stdin: new TextEncoder().encode(stdin), keepBytes: 1 << 20 });
  const { exports } = new WebAssembly.Instance(plugin, { wasi_snapshot_preview1: wasi.imports });
  const { memory, cabi_realloc, invoke } = exports as unknown as PluginExports;
  wasi.attach(memory);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), {
    [importNamespace(plugin)]: { memory, cabi_realloc, invoke },
  });
  (instance.exports[name] as () => void)();
  return { stdout: new TextDecoder().decode(wasi.stdout()), stderr: wasi.stderr() };
}

/** A module with `_start`, which evaluates the bytecode, and one function for each of the bytecode's exports named. */
export function emitDynamic(namespace: string, bytecode: Uint8Array, exported: readonly string[]): Uint8Array {
  const REALLOC = 0;
  const INVOKE = 1;
  const names = exported.map((name) => new TextEncoder().encode(name));
  /** Copies a passive data segment into memory of the plugin; the address stays in a local variable. */
  const copied = (segment: number, length: number, local: number): number[] => [
    ...[0, 0, 1, length].flatMap(constant),
    ...[OP.call, REALLOC, OP.localTee, local],
    ...[0, length].flatMap(constant),
    ...OP.memoryInit,
    ...unsigned(segment),
    0,
  ];
  const bytecodeCopied = copied(0, bytecode.length, 0);
  const evaluate = body([...bytecodeCopied, OP.localGet, 0, ...[bytecode.length, 0, 0, 0].flatMap(constant), OP.call, INVOKE]);
  const calls = names.map((name, i) =>
    body([
      ...bytecodeCopied,
      ...copied(i + 1, name.length, 1),
      ...[OP.localGet, 0, ...constant(bytecode.length), ...constant(1)],
      ...[OP.localGet, 1, ...constant(name.length), OP.call, INVOKE],
    ]),
  );
  const functionImport = (name: string, type: number): number[] => [...text(namespace), ...text(name), 0, type];
  return writeModule([
    { id: 1, body: vector([functionType(4, 1), functionType(5, 0), functionType(0, 0)]) },
    {
      id: 2,
      body: vector([functionImport('cabi_realloc', 0), functionImport('invoke', 1), [...text(namespace), ...text('memory'), 2, 0, 0]]),
    },
    { id: 3, body: vector([evaluate, ...calls].map(() => [2])) },
    { id: 7, body: vector(['_start', ...exported].map((name, i) => [...text(name), 0, 2 + i])) },
    { id: 12, body: Uint8Array.from(unsigned(1 + names.length)) },
    { id: 10, body: vector([evaluate, ...calls]) },
    { id: 11, body: vector([bytecode, ...names].map((bytes) => [1, ...unsigned(bytes.length), ...bytes])) },
  ]);
}

interface PluginExports {
  readonly memory: WebAssembly.Memory;
  readonly cabi_realloc: (original: number, originalSize: number, alignment: number, size: number) => number;
  readonly 'compile-src': (address: number, length: number) => number;
  readonly invoke: (bytecode: number, length: number, named: number, name: number, nameLength: number) => void;
}

const I32 = 0x7f;
const OP = { call: 0x10, localGet: 0x20, localTee: 0x22, const: 0x41, end: 0x0b, memoryInit: [0xfc, 0x08] } as const;

function constant(value: number): number[] {
  return [OP.const, ...signed(value)];
}

function functionType(parameters: number, results: number): number[] {
  return [0x60, parameters, ...Array<number>(parameters).fill(I32), results, ...Array<number>(results).fill(I32)];
}

/** A function without parameters and with two local variables. */
function body(code: readonly number[]): number[] {
  const all = [1, 2, I32, ...code, OP.end];
  return [...unsigned(all.length), ...all];
}

function vector(items: readonly (readonly number[])[]): Uint8Array {
  return concat([Uint8Array.from(unsigned(items.length)), ...items.map((item) => Uint8Array.from(item))]);
}
