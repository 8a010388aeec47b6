import { createWasi, type Wasi } from './wasi.ts';

/** What one call of the sandbox may use. */
export interface CallLimits {
  /** Units of fuel: one is 10,000 interrupt polls (loop turns and calls) of the JavaScript engine, the same number on every machine. */
  readonly fuel: number;
  /** Bytes that the call may allocate. */
  readonly memoryBytes: number;
  /** Bytes of the answer. */
  readonly outputBytes: number;
  /** Bytes of stderr that are kept. */
  readonly logBytes: number;
}

/** What one call came to: text, something that is no text, an exception, a limit, or the end of the sandbox. */
export type CallResult =
  | {
      readonly type: 'Returned';
      readonly bytes: Uint8Array;
      readonly log: string;
      readonly fuelUsed: number;
      /** From this address on the memory is as the sandbox started with it. */
      readonly dirtyBytes: number;
    }
  | {
      readonly type: 'NoText' | 'Threw' | 'OutOfFuel' | 'OutOfMemory' | 'OutputTooLarge' | 'Trapped';
      readonly message: string;
      readonly log: string;
    };

/** One instance of `core.wasm`. */
export interface Sandbox {
  /** Calls the core's `decide` with UTF-8 text, from the memory that the module starts with. */
  call(input: Uint8Array, limits: CallLimits): CallResult;
  /** False once a call did not return an answer, or grew the memory; take a new one then. */
  readonly usable: boolean;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (bytes: number) => number;
  readonly decide: (address: number, bytes: number, fuel: number, memoryBytes: number) => number;
}

/** `status` of the engine's answer (core/engine/src/answer.rs). */
const STATUS = ['Returned', 'Threw', 'OutOfFuel', 'OutOfMemory', 'NoText'] as const;
const ANSWER_WORDS = 5;
/** Longest text of an exception that is kept. */
const MESSAGE_BYTES = 4096;

/**
 * Makes the memory image that every sandbox of a module starts from, without the zeros at its end.
 * A core's instance holds state in three places: its memory; the stack pointer, which is back at its start whenever a call returns (the build
 * refuses an engine with any other mutable global); and the size of the memory. So after a call that returned, in memory of the same size, the image
 * written back, and zeros behind it as far up as the engine says that its heap has reached (stack and constants lie below), give the instance that
 * instantiation gives, at a tenth of the time. How far up is the engine's word, as is that it has no other state: a core from elsewhere is trusted that far.
 */
export function memoryImage(module: WebAssembly.Module): Uint8Array {
  const { buffer } = instantiate(module, createWasi({ keepBytes: 0 })).memory;
  const words = new Uint32Array(buffer);
  return new Uint8Array(buffer.slice(0, 4 * (words.findLastIndex((word) => word !== 0) + 1)));
}

export function createSandbox(module: WebAssembly.Module, image: Uint8Array, logBytes: number): Sandbox {
  const wasi = createWasi({ keepBytes: logBytes });
  const core = instantiate(module, wasi);
  const startBytes = core.memory.buffer.byteLength;
  let state: 'Clean' | 'Used' | 'Dead' = 'Clean';
  let dirtyBytes = 0;

  const clean = (): void => {
    const memory = new Uint8Array(core.memory.buffer);
    memory.set(image);
    memory.fill(0, image.length, dirtyBytes);
  };

  return {
    get usable() {
      return state !== 'Dead';
    },
    call(input, limits) {
      if (state === 'Dead') throw new Error('a dead sandbox was called: take a new one when `usable` is false');
      if (state === 'Used') clean();
      wasi.reset();
      state = 'Dead';
      try {
        const result = callDecide(core, input, limits, wasi);
        // A core that says less than its own image, or more than there is, is not believed: it costs a new sandbox each time.
        const isPlausible = result.type === 'Returned' && image.length <= result.dirtyBytes && result.dirtyBytes <= startBytes;
        if (isPlausible && core.memory.buffer.byteLength === startBytes) {
          state = 'Used';
          dirtyBytes = result.dirtyBytes;
        }
        return result;
      } catch (error) {
        return { type: 'Trapped', message: trapText(error), log: wasi.stderr() };
      }
    },
  };
}

function callDecide(core: Exports, input: Uint8Array, limits: CallLimits, wasi: Wasi): CallResult {
  const inputAddress = core.alloc(input.length) >>> 0;
  new Uint8Array(core.memory.buffer, inputAddress, input.length).set(input);
  const answerAddress = core.decide(inputAddress, input.length, limits.fuel, limits.memoryBytes) >>> 0;
  const answer = new Uint32Array(core.memory.buffer, answerAddress, ANSWER_WORDS);
  const [status = STATUS.length, address = 0, length = 0, fuelUsed = 0, dirtyBytes = 0] = answer;
  const type = STATUS[status];
  const log = wasi.stderr();
  switch (type) {
    case undefined:
      throw new Error(`the engine answered with status ${status}, which does not exist`);
    case 'OutOfFuel':
      return { type, message: `the core used more than the ${limits.fuel} units of fuel that a decision may use`, log };
    case 'OutOfMemory':
      return { type, message: `the core used more than the ${limits.memoryBytes} bytes of memory that a decision may use`, log };
    case 'Threw':
    case 'NoText': {
      const text = new Uint8Array(core.memory.buffer, address, Math.min(length, MESSAGE_BYTES));
      return { type, message: new TextDecoder().decode(text), log };
    }
    case 'Returned':
      break;
  }
  if (length > limits.outputBytes) {
    return {
      type: 'OutputTooLarge',
      message: `the core's answer has ${length} bytes, more than the ${limits.outputBytes} that it may have`,
      log,
    };
  }
  return { type, bytes: new Uint8Array(core.memory.buffer.slice(address, address + length)), log, fuelUsed, dirtyBytes };
}

function instantiate(module: WebAssembly.Module, wasi: Wasi): Exports {
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.imports });
  const { memory, alloc, decide } = exports as Partial<Exports>;
  if (!memory || !alloc || !decide) {
    throw new Error(`this is no core.wasm: it should export memory, alloc and decide, and exports ${Object.keys(exports).join(', ')}`);
  }
  wasi.attach(memory);
  return { memory, alloc, decide };
}

function trapText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `the sandbox died (endless recursion ends like this, or a fault of the engine): ${text}`;
}
