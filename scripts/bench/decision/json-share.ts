import { readFileSync } from 'node:fs';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { parseDecision } from '#host/engine/decision-shape.ts';
import { createSandbox, memoryImage, type Sandbox } from '#host/engine/sandbox.ts';
import { DEFAULT_LIMITS } from '#host/engine/wasm-engine.ts';
import { ENGINE_WASM } from '../../build/paths.ts';
import { snapshotBundle } from '../../build/snapshot.ts';
import { cpuUs, type Effort } from './cpu.ts';

/** Cores that do nothing but what every decision does beside deciding. */
const PARSES = `export function decide(json) { JSON.parse(json); return '{}'; }`;
const COPIES = `export function decide(json) { return JSON.stringify(JSON.parse(json)); }`;
const NOTHING = `export function decide(json) { return '{}'; }`;

export interface JsonCosts {
  /** Microseconds of CPU for one call of a core that does nothing: what the sandbox itself costs with an input of this size. */
  readonly emptyCallUs: number;
  /** Microseconds of CPU that JSON costs in one decision, on both sides of the sandbox. */
  readonly jsonUs: number;
}

/** What a decision on `snapshot` that is answered with `answer` pays for JSON. */
export function jsonCosts(snapshot: Snapshot, answer: Uint8Array, effort: Effort): JsonCosts {
  const input = new TextEncoder().encode(JSON.stringify(snapshot));
  const emptyCallUs = callUs(NOTHING, input, effort);
  const emptyOfAnswerUs = callUs(NOTHING, answer, effort);
  const parseUs = callUs(PARSES, input, effort) - emptyCallUs;
  const stringifyUs = callUs(COPIES, answer, effort) - callUs(PARSES, answer, effort);
  const hostUs =
    cpuUs(() => void new TextEncoder().encode(JSON.stringify(snapshot)), effort) + cpuUs(() => void parseDecision(answer), effort);
  return { emptyCallUs: Math.min(emptyCallUs, emptyOfAnswerUs), jsonUs: Math.max(0, parseUs) + Math.max(0, stringifyUs) + hostUs };
}

/** Kept, so that what V8 has compiled of them is. */
const MODULES = new Map<string, WebAssembly.Module>();

function moduleOf(source: string): WebAssembly.Module {
  const known = MODULES.get(source);
  const module = known ?? new WebAssembly.Module(snapshotBundle(readFileSync(ENGINE_WASM), new TextEncoder().encode(source)));
  MODULES.set(source, module);
  return module;
}

function callUs(source: string, input: Uint8Array, effort: Effort): number {
  const module = moduleOf(source);
  const image = memoryImage(module);
  let sandbox: Sandbox | null = null;
  return cpuUs(() => {
    if (!sandbox?.usable) sandbox = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
    sandbox.call(input, DEFAULT_LIMITS);
  }, effort);
}
