import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Wasmtime compiles a module of this size for seconds, with all cores. */
export const WASMTIME_TIMEOUT_MS = 120_000;

/** What a WASI command did. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the engine answers to one call of `decide`. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly fuelUsed: number;
}

/** Compiles once, then runs the command once for each input. */
const PROGRAM = `
import os, sys
from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

folder, count = sys.argv[1], int(sys.argv[2])
engine = Engine()
module = Module.from_file(engine, os.path.join(folder, "core.wasm"))
linker = Linker(engine)
linker.define_wasi()
for i in range(count):
    path = lambda name: os.path.join(folder, f"{i}.{name}")
    wasi = WasiConfig()
    wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = path("in"), path("out"), path("err")
    store = Store(engine)
    store.set_wasi(wasi)
    code = 0
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except ExitTrap as trap:
        code = trap.code
    with open(path("code"), "w") as file:
        file.write(str(code))
`;

/** Calls the engine's own `decide`, as the host does (core/engine/src/answer.rs), in a fresh instance for each amount of fuel. */
const CALL = `
import json, os, sys
from wasmtime import Engine, Linker, Module, Store, WasiConfig

folder, memory_bytes, fuels = sys.argv[1], int(sys.argv[2]), [int(fuel) for fuel in sys.argv[3:]]
data = open(os.path.join(folder, "in"), "rb").read()
engine = Engine()
module = Module.from_file(engine, os.path.join(folder, "core.wasm"))
linker = Linker(engine)
linker.define_wasi()

def decide(fuel):
    store = Store(engine)
    store.set_wasi(WasiConfig())
    exports = linker.instantiate(store, module).exports(store)
    memory = exports["memory"]
    address = exports["alloc"](store, len(data))
    memory.write(store, data, address)
    answer = exports["decide"](store, address, len(data), fuel, memory_bytes)
    word = lambda i: int.from_bytes(memory.read(store, answer + 4 * i, answer + 4 * i + 4), "little")
    return {"status": word(0), "text": memory.read(store, word(1), word(1) + word(2)).decode(), "fuelUsed": word(3)}

print(json.dumps([decide(fuel) for fuel in fuels]))
`;

/** Decisions in Python's Wasmtime, through the engine's own interface: one for each amount of fuel. */
export function decideWithWasmtime(
  python: string,
  module: Uint8Array,
  input: string,
  limits: { readonly fuels: readonly number[]; readonly memoryBytes: number },
): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'wasmtime-'));
  try {
    writeFileSync(join(folder, 'core.wasm'), module);
    writeFileSync(join(folder, 'in'), input);
    const args = [folder, limits.memoryBytes, ...limits.fuels].map(String);
    return JSON.parse(execFileSync(python, ['-c', CALL, ...args], { encoding: 'utf8' })) as Answer[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a module as a WASI command in Python's Wasmtime, once for each input on stdin. */
export function runWithWasmtime(python: string, module: Uint8Array, inputs: readonly string[]): Run[] {
  const folder = mkdtempSync(join(tmpdir(), 'wasmtime-'));
  try {
    writeFileSync(join(folder, 'core.wasm'), module);
    for (const [i, input] of inputs.entries()) writeFileSync(join(folder, `${i}.in`), input);
    execFileSync(python, ['-c', PROGRAM, folder, String(inputs.length)], { stdio: ['ignore', 'inherit', 'inherit'] });
    const text = (i: number, name: string): string => readFileSync(join(folder, `${i}.${name}`), 'utf8');
    return inputs.map((_, i) => ({ code: Number(text(i, 'code')), stdout: text(i, 'out'), stderr: text(i, 'err') }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
