import { readFileSync } from 'node:fs';
import type { Engine } from '#host/engine/engine.ts';
import { createSandbox, memoryImage } from '#host/engine/sandbox.ts';
import { DEFAULT_LIMITS, loadEngine } from '#host/engine/wasm-engine.ts';
import { decideText } from '#test/support/source-engine.ts';
import { DIST } from '../../build/paths.ts';
import { shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import { cpuUs, type Effort } from './cpu.ts';
import { jsonCosts } from './json-share.ts';
import { CASES, type DecisionCase } from './snapshots.ts';

/** Until V8 has compiled the engine with its second compiler; before, a decision costs two to three times as much. */
const WARM_UP_DECISIONS = 3_000;
const QUICK: Effort = { warmUpMs: 100, batchMs: 60 };
const WHOLE: Effort = { warmUpMs: 400, batchMs: 250 };
/** Of those of the memory test so many come before the first look: until then V8 compiles and caches fill. */
const WARM_SHARE = 0.2;

/** What one decision costs, from clean memory each time, beside the same sources in V8, which starts from whatever memory there is. */
export async function measureDecisions({ isQuick, report, add }: BenchContext): Promise<void> {
  const core = readFileSync(`${DIST}core.wasm`);
  const effort = isQuick ? QUICK : WHOLE;
  const engine = loadEngine(core);
  decideMixed(engine, WARM_UP_DECISIONS);
  for (const one of CASES) {
    report(one.name);
    addCase(core, engine, one, effort, add);
  }
  report('the sandbox');
  addSandbox(core, effort, add);
  const decisions = isQuick ? 10_000 : 100_000;
  report(`memory after ${decisions} decisions`);
  addMemory(engine, decisions, add);
}

type Add = BenchContext['add'];

function addCase(core: Uint8Array, engine: Engine, { name, snapshot, goalUs }: DecisionCase, effort: Effort, add: Add): void {
  const ours = cpuUs(() => void engine.decide(snapshot), effort);
  const inV8 = cpuUs(() => void JSON.parse(decideText(JSON.stringify(snapshot))), effort);
  const module = new WebAssembly.Module(core);
  const image = memoryImage(module);
  const input = new TextEncoder().encode(JSON.stringify(snapshot));
  const sandbox = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
  const result = sandbox.call(input, DEFAULT_LIMITS);
  if (result.type !== 'Returned') throw new Error(`decide on "${name}": expected an answer, got ${result.type}: ${result.message}`);
  const { emptyCallUs, jsonUs } = jsonCosts(snapshot, result.bytes, effort);
  const note = sandbox.usable ? {} : { note: 'grows the memory, so its sandbox is not used again' };
  add(
    {
      what: name,
      unit: 'µs',
      ours,
      rival: { name: 'V8', value: inV8 },
      ...(goalUs === undefined ? {} : { goal: { atMost: goalUs } }),
      ...note,
    },
    { what: '  of it JSON', unit: '%', ours: (100 * jsonUs) / ours },
    { what: '  of it a call that decides nothing', unit: '%', ours: (100 * emptyCallUs) / ours },
    {
      what: '  bytes in and out',
      unit: 'bytes',
      ours: input.length + result.bytes.length,
      note: `fuel ${result.fuelUsed} of ${DEFAULT_LIMITS.fuel}`,
    },
  );
}

function addSandbox(core: Uint8Array, effort: Effort, add: Add): void {
  const module = new WebAssembly.Module(core);
  const image = memoryImage(module);
  const target = new Uint8Array(image.length);
  const fresh = cpuUs(() => void createSandbox(module, image, DEFAULT_LIMITS.logBytes), effort);
  const copied = cpuUs(() => target.set(image), effort);
  add({
    what: 'a sandbox starts',
    unit: 'µs',
    ours: fresh,
    rival: { name: `copy of its ${Math.ceil(image.length / 1024)} KiB`, value: copied },
  });
}

/** Growth of the process, since what leaks may lie outside of the heap. */
function addMemory(engine: Engine, decisions: number, add: Add): void {
  decideMixed(engine, decisions * WARM_SHARE);
  const before = process.memoryUsage.rss();
  decideMixed(engine, decisions * (1 - WARM_SHARE));
  const growth = (process.memoryUsage.rss() - before) / 2 ** 20;
  const what = `memory that ${shown(decisions)} decisions of all kinds have added`;
  // What a full young generation and its garbage may take; a leak of 1 KB a decision were 80 MiB.
  add({ what, unit: 'MiB', ours: Math.max(0, growth), goal: { atMost: 16 } });
}

function decideMixed(engine: Engine, count: number): void {
  for (let i = 0; i < count; i++) engine.decide((CASES[i % CASES.length] ?? CASES[0]).snapshot);
}
