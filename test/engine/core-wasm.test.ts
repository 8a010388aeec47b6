import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { CONTRACT_VERSION } from '#core/contract/version.ts';
import { parseTime } from '#core/units/time.ts';
import { createSandbox, memoryImage } from '#host/engine/sandbox.ts';
import { createWasi, WasiExit } from '#host/engine/wasi.ts';
import { DEFAULT_LIMITS, loadEngine } from '#host/engine/wasm-engine.ts';
import { bundleForEngine, makeCore } from '#scripts/build/core.ts';
import { ENGINE_WASM } from '#scripts/build/paths.ts';
import { engineFaults } from '#scripts/engine/provenance.ts';
import { findWasmtime } from '#scripts/engine/wasmtime.ts';
import { exited, found, pod, running, snapshot, task, template } from '#test/support/builders.ts';
import { decideText } from '#test/support/source-engine.ts';
import { coreFrom, coreWith, DECIDED, SNAPSHOT } from './bundles.ts';
import { runWithWasmtime, WASMTIME_TIMEOUT_MS } from './wasmtime-process.ts';

const ran = running({ times: { podCreated: '2026-01-01T10:00:00Z' }, templateRef: { name: 'coder' } });

const SNAPSHOTS: Readonly<Record<string, Snapshot>> = {
  'a new Task': snapshot(),
  'a start, which builds a Pod': snapshot({ read: found({ template: template() }) }),
  'a running Pod': snapshot({ task: task({ status: ran }), pods: [pod()] }),
  'a Pod that ended well': snapshot({ task: task({ status: ran }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] }),
  'a stop': snapshot({ task: task({ status: ran, stop: true }), pods: [pod()] }),
  'text beyond ASCII': snapshot({
    task: task({ spec: { description: 'Prüfe 𝄞 "Anführung" \u2028 \\ \u0000' } }),
    read: found({ template: template() }),
  }),
  'another contract': { ...snapshot(), contract: 99 as 1 },
  ...Object.fromEntries(
    realPods().map(([name, real]) => [`the real Pod ${name}`, snapshot({ task: task({ status: ran }), pods: [real] })]),
  ),
};

let core: Uint8Array;
beforeAll(async () => {
  core = (await makeCore()).wasm;
});

describe('core.wasm', () => {
  test('two builds give the same bytes', async () => {
    const again = (await makeCore()).wasm;
    expect(sha256(again)).toBe(sha256(core));
  });

  test('it imports WASI preview 1 and nothing else', () => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(core));
    expect(new Set(imports.map(({ module }) => module))).toEqual(new Set(['wasi_snapshot_preview1']));
    const offered = new Set(Object.keys(createWasi({ keepBytes: 0 }).imports));
    expect(imports.map(({ name }) => name).filter((name) => !offered.has(name))).toEqual([]);
  });

  test('it is a WASI command, and the engine without a bundle is none', () => {
    const names = WebAssembly.Module.exports(new WebAssembly.Module(core)).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['_start', 'memory', 'alloc', 'decide', 'heap-used']));
    const engine = new WebAssembly.Module(readFileSync(ENGINE_WASM));
    expect(WebAssembly.Module.exports(engine).map(({ name }) => name)).not.toContain('_start');
  });

  test('the committed engine is the one that its provenance describes', () => {
    expect(engineFaults()).toEqual([]);
  });

  test('it answers the same however often it is asked, in one sandbox', () => {
    const module = new WebAssembly.Module(core);
    const input = new TextEncoder().encode(JSON.stringify(SNAPSHOTS['a start, which builds a Pod']));
    const sandbox = createSandbox(module, memoryImage(module), DEFAULT_LIMITS.logBytes);
    const first = sandbox.call(input, DEFAULT_LIMITS);
    for (let i = 0; i < 50; i++) expect(sandbox.call(input, DEFAULT_LIMITS)).toEqual(first);
    expect(sandbox.usable).toBe(true);
  });

  test('the engine itself leaks nothing, where nobody cleans its memory', () => {
    const wasi = createWasi({ keepBytes: 0 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(core), { wasi_snapshot_preview1: wasi.imports });
    const engine = exports as unknown as {
      readonly memory: WebAssembly.Memory;
      readonly alloc: (bytes: number) => number;
      readonly decide: (address: number, bytes: number, fuel: number, memoryBytes: number) => number;
      readonly 'heap-used': () => number;
    };
    wasi.attach(engine.memory);
    const input = new TextEncoder().encode(JSON.stringify(SNAPSHOTS['a running Pod']));
    const used = Array.from({ length: 200 }, () => {
      const address = engine.alloc(input.length);
      new Uint8Array(engine.memory.buffer, address, input.length).set(input);
      engine.decide(address, input.length, DEFAULT_LIMITS.fuel, DEFAULT_LIMITS.memoryBytes);
      return engine['heap-used']();
    });
    expect(used.at(-1)).toBe(used[20]);
  });
});

describe('the same snapshot gives the same bytes', () => {
  test.each(Object.keys(SNAPSHOTS))('%s: in core.wasm on Node, as a WASI command, and in the TypeScript source', (name) => {
    const input = JSON.stringify(SNAPSHOTS[name]);
    const bySource = decideText(input);
    expect(byHost(input)).toBe(bySource);
    expect(byCommand(input)).toEqual({ code: 0, stdout: `${bySource}\n`, stderr: '' });
  });

  const wasmtime = findWasmtime();
  test('all of them: in Wasmtime', { timeout: WASMTIME_TIMEOUT_MS }, ({ skip }) => {
    if (wasmtime.type === 'Missing') return skip(wasmtime.reason);
    const inputs = Object.values(SNAPSHOTS).map((input) => JSON.stringify(input));
    const outputs = runWithWasmtime(wasmtime.python, core, inputs);
    expect(outputs).toEqual(inputs.map((input) => ({ code: 0, stdout: `${decideText(input)}\n`, stderr: '' })));
  });
});

describe('times', () => {
  /** Every day that `parseTime` gives to the engine's own `Date.parse`, and some that it does not. */
  const DAYS = [1000, 1900, 2024, 2026, 9999].flatMap((year) =>
    Array.from({ length: 12 * 31 }, (_, i) =>
      [year, 1 + Math.floor(i / 31), 1 + (i % 31)].map((n) => String(n).padStart(2, '0')).join('-'),
    ),
  );
  test('the core in the engine reads each day as the TypeScript source does', async () => {
    const { code } = await bundleForEngine('core/units/time.ts');
    const asks = `export function decide(json) { return JSON.stringify(JSON.parse(json).map(parseTime)); }`;
    const times = DAYS.flatMap((day) => [`${day}T00:00:00Z`, `${day}T23:59:59.987Z`]);
    const module = new WebAssembly.Module(coreFrom(`${new TextDecoder().decode(code)}; ${asks}`));
    const input = new TextEncoder().encode(JSON.stringify(times));
    const result = createSandbox(module, memoryImage(module), DEFAULT_LIMITS.logBytes).call(input, DEFAULT_LIMITS);
    if (result.type !== 'Returned') throw new Error(`expected times, got ${JSON.stringify(result)}`);
    expect(JSON.parse(new TextDecoder().decode(result.bytes))).toEqual(times.map(parseTime));
  });
});

describe('the WASI command', () => {
  test('says on stderr what was wrong, and ends with 1', () => {
    const run = byCommand('{"contract":');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^error: SyntaxError: /);
  });
  test('a bundle without main says so', () => {
    const run = byCommand('{}', coreFrom('export function decide(json) { return json; }'));
    expect(run).toMatchObject({ code: 1, stderr: expect.stringMatching(/no export `main`/) });
  });
});

describe('loading', () => {
  test('the digest is the file’s own', () => {
    expect(loadEngine(core).digest).toBe(`sha256:${sha256(core)}`);
  });
  test.each([
    ['bytes that are no Wasm', new Uint8Array([1, 2, 3]), /expected a WebAssembly module \(dist\/core\.wasm\)/],
    [
      'a Wasm module that is no core',
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
      /no core\.wasm: it should export memory, alloc and decide/,
    ],
    ['a module that wants more than WASI', wantsAnImport(), /imports from wasi_snapshot_preview1 only, it wants env\.f/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => loadEngine(bytes)).toThrow(message);
  });
  test('refuses a core of another contract', () => {
    const other = coreFrom(`export const decide = () => '{"type":"Unusable","contract":${CONTRACT_VERSION + 1},"message":""}';`);
    expect(() => loadEngine(other)).toThrow(`this host speaks contract ${CONTRACT_VERSION}, the core ${CONTRACT_VERSION + 1}`);
  });
  test('refuses a core that names no contract', () => {
    expect(() => loadEngine(coreFrom(`export const decide = () => ${DECIDED("''")};`))).toThrow(`the core none`);
  });
  test('refuses a core that fails when asked', () => {
    expect(() => loadEngine(coreFrom(`export const decide = () => { throw new Error('always'); };`))).toThrow(
      /failed \(Exception\): Error: always/,
    );
  });
  test('the build refuses a bundle that does not evaluate, with its error', () => {
    expect(() => coreFrom('export function decide(')).toThrow(/compile-bundle in the engine: SyntaxError/);
    expect(() => coreFrom(`throw new Error('at load'); export const decide = 1;`)).toThrow(/at load/);
    expect(() => coreFrom('export const main = () => {};')).toThrow(/load-bundle in the engine/);
  });
  test('a core works as soon as it is loaded', () => {
    expect(loadEngine(coreWith(`return ${DECIDED("'fine'")}`)).decide(SNAPSHOT)).toMatchObject({ type: 'Answered' });
  });
});

function byHost(input: string): string {
  const module = new WebAssembly.Module(core);
  const result = createSandbox(module, memoryImage(module), DEFAULT_LIMITS.logBytes).call(new TextEncoder().encode(input), DEFAULT_LIMITS);
  if (result.type !== 'Returned') throw new Error(`core.wasm failed: ${JSON.stringify(result)}`);
  return new TextDecoder().decode(result.bytes);
}

function byCommand(input: string, module: Uint8Array = core): { code: number; stdout: string; stderr: string } {
  const wasi = createWasi({ stdin: new TextEncoder().encode(input), keepBytes: 1 << 20 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { wasi_snapshot_preview1: wasi.imports });
  wasi.attach(exports.memory as WebAssembly.Memory);
  const start = exports._start as () => void;
  let code = 0;
  try {
    start();
  } catch (error) {
    if (!(error instanceof WasiExit)) throw error;
    code = error.code;
  }
  return { code, stdout: new TextDecoder().decode(wasi.stdout()), stderr: wasi.stderr() };
}

function realPods(): [name: string, pod: Pod][] {
  const folder = new URL('../fixtures/pods/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Pod]);
}

/** `(module (import "env" "f" (func)))` */
function wantsAnImport(): Uint8Array {
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x66, 0, 0);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
