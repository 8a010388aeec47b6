import { createHash } from 'node:crypto';
import { CONTRACT_VERSION } from '#core/contract/version.ts';
import { parseDecision } from './decision-shape.ts';
import type { Engine, EngineResult } from './engine.ts';
import { type CallLimits, type CallResult, createSandbox, memoryImage, type Sandbox } from './sandbox.ts';

/** Up to a second of computing, and a thousand times what a decision needs: that of a running Task takes less than one unit of fuel. */
export const DEFAULT_LIMITS: CallLimits = {
  fuel: 2_000,
  memoryBytes: 64 * 1024 * 1024,
  outputBytes: 4 * 1024 * 1024,
  logBytes: 16 * 1024,
};

/**
 * Loads `core.wasm`. Each decision starts from the module's initial memory; a sandbox that trapped, ran into a limit or grew its memory is thrown away.
 * @throws when the bytes are no core.wasm, or one that speaks another contract.
 */
export function loadEngine(core: Uint8Array, limits: CallLimits = DEFAULT_LIMITS): Engine {
  const module = compile(core);
  const image = memoryImage(module);
  let sandbox: Sandbox | null = null;

  const call = (input: string): CallResult => {
    if (!sandbox?.usable) sandbox = createSandbox(module, image, limits.logBytes);
    return sandbox.call(new TextEncoder().encode(input), limits);
  };

  checkContract(call(JSON.stringify({ contract: 0 })));
  return {
    digest: `sha256:${createHash('sha256').update(core).digest('hex')}`,
    decide: (snapshot) => engineResult(call(JSON.stringify(snapshot))),
  };
}

function engineResult(result: CallResult): EngineResult {
  const { log } = result;
  switch (result.type) {
    case 'Returned': {
      const parsed = parseDecision(result.bytes);
      if (parsed.type === 'Nonsense') return { type: 'EngineError', cause: 'Nonsense', message: parsed.message, log };
      return { type: 'Answered', decision: parsed.decision, log, fuelUsed: result.fuelUsed };
    }
    case 'Threw':
      return { type: 'EngineError', cause: 'Exception', message: result.message, log };
    case 'NoText':
      return { type: 'EngineError', cause: 'Nonsense', message: `the core's answer ${result.message}`, log };
    case 'Trapped':
      return { type: 'EngineError', cause: 'Trap', message: result.message, log };
    case 'OutOfFuel':
    case 'OutOfMemory':
    case 'OutputTooLarge':
      return { type: 'EngineError', cause: result.type, message: result.message, log };
  }
}

function compile(core: Uint8Array): WebAssembly.Module {
  const module = parse(core);
  const foreign = WebAssembly.Module.imports(module).find((wanted) => wanted.module !== 'wasi_snapshot_preview1');
  if (foreign)
    throw new Error(`loading the core: expected imports from wasi_snapshot_preview1 only, it wants ${foreign.module}.${foreign.name}`);
  return module;
}

function parse(core: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(core);
  } catch (cause) {
    const want = 'expected a WebAssembly module (dist/core.wasm), these bytes are none; build it with `npm run build`';
    throw new Error(`loading the core: ${want}`, { cause });
  }
}

/** A snapshot of a contract that never was is answered `Unusable`, with the contract that the core speaks. */
function checkContract(probe: CallResult): void {
  const result = engineResult(probe);
  if (result.type === 'EngineError')
    throw new Error(`loading the core: asked for its contract it failed (${result.cause}): ${result.message}`);
  const { decision } = result;
  const spoken = decision.type === 'Unusable' ? decision.contract : 'none';
  if (spoken !== CONTRACT_VERSION) {
    throw new Error(
      `loading the core: this host speaks contract ${CONTRACT_VERSION}, the core ${spoken}; take a core.wasm and a host of one release`,
    );
  }
}
