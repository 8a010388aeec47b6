import { parentPort, workerData } from 'node:worker_threads';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { counted, NO_SEEDS, runSeeds } from '#test/simulation/run-seeds.ts';
import { quickEngine, sourceEngine } from '#test/support/source-engine.ts';
import { failureOf } from './failure.ts';
import { mistakeNamed } from './mistakes.ts';
import type { Block } from './seeds.ts';
import { type FromWorker, SHARED, type WorkerData } from './thread-messages.ts';

/** A worker thread: runs the blocks that it is given, one after the other. */
const { core, mistake, shared } = workerData as WorkerData;
const state = new Uint32Array(shared);
const twin = loadEngine(core);
const mutation = mistake === undefined ? undefined : mistakeNamed(mistake);
const quick = quickEngine();
/** To look at a failure: no decision is spared then. */
const options = { engine: sourceEngine, ...(mutation === undefined ? {} : { mutation }) };

async function runBlock({ from, histories }: Block): Promise<void> {
  let counts = NO_SEEDS;
  Atomics.store(state, SHARED.seed, from);
  for await (const run of runSeeds({ ...options, from, histories, engine: quick, twin })) {
    if (run.violations.length > 0) send({ type: 'Failed', failure: await failureOf(run, options) });
    counts = counted(counts, run);
    Atomics.store(state, SHARED.seed, run.seed + 1);
    if (Atomics.load(state, SHARED.isAskedToStop) === 1) break;
  }
  send({ type: 'Done', counts });
}

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (block: Block) => {
  // What it throws ends the thread with its message, which is told as what became of the block.
  void runBlock(block);
});
