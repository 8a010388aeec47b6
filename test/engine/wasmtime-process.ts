import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a WASI command did. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
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
