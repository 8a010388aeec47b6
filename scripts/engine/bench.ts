import { readFileSync } from 'node:fs';
import type { Snapshot } from '#core/contract/snapshot.ts';
import { createSandbox, memoryImage } from '#host/engine/sandbox.ts';
import { DEFAULT_LIMITS } from '#host/engine/wasm-engine.ts';
import { DIST } from '#scripts/build/paths.ts';
import { exited, found, pod, running, snapshot, task, template } from '#test/support/builders.ts';
import { decideText } from '#test/support/source-engine.ts';

/** What one decision costs, by the ways to give it clean memory: `node scripts/engine/bench.ts`. Microseconds of CPU, as a mean. */

const ROUNDS = 500;
/** Until V8 has compiled the engine with its second compiler; before, a decision costs two to three times as much. */
const WARM_UP_ROUNDS = 3_000;
const ran = running({ times: { podCreated: '2026-01-01T10:00:00Z' }, templateRef: { name: 'coder' } });

const CASES: Readonly<Record<string, Snapshot>> = {
  'Pod runs, nothing to do': snapshot({ task: task({ status: ran }), pods: [pod()] }),
  'Pod ended, status change': snapshot({ task: task({ status: ran }), pods: [pod({ phase: 'Succeeded', agent: exited(0) })] }),
  'start, Pod built': snapshot({ read: found({ template: template() }) }),
  'start, 10 KB of context': snapshot({
    task: task({ spec: { description: 'Fix the bug. '.repeat(800) } }),
    read: found({ template: template() }),
  }),
  'start, 100 KB of context': snapshot({
    task: task({ spec: { description: 'Fix the bug. '.repeat(8_000) } }),
    read: found({ template: template() }),
  }),
};

const module = new WebAssembly.Module(readFileSync(`${DIST}core.wasm`));
const image = memoryImage(module);
const target = new Uint8Array(image.length);
console.log(`image ${image.length / 1024} KB; writing it back ${costUs(() => target.set(image))} µs`);

for (const [name, input] of Object.entries(CASES)) {
  const text = JSON.stringify(input);
  const bytes = new TextEncoder().encode(text);
  let live = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
  let discarded = 0;
  const writtenBack = costUs(() => {
    if (!live.usable) {
      live = createSandbox(module, image, DEFAULT_LIMITS.logBytes);
      discarded += 1;
    }
    live.call(bytes, DEFAULT_LIMITS);
  });
  const fresh = costUs(() => createSandbox(module, image, DEFAULT_LIMITS.logBytes).call(bytes, DEFAULT_LIMITS));
  const source = costUs(() => decideText(text));
  const result = createSandbox(module, image, DEFAULT_LIMITS.logBytes).call(bytes, DEFAULT_LIMITS);
  const fuel = result.type === 'Returned' ? result.fuelUsed : result.type;
  const share = Math.round((100 * discarded) / (ROUNDS + WARM_UP_ROUNDS));
  console.log(
    `${name}: ${bytes.length} bytes in; written back ${writtenBack} µs (${share} % discarded), fresh ${fresh} µs, source in V8 ${source} µs; fuel ${fuel}`,
  );
}

/** CPU time of this thread for one call, so that what else the machine does hardly counts. */
function costUs(call: () => void): number {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) call();
  const before = process.threadCpuUsage();
  for (let i = 0; i < ROUNDS; i++) call();
  const { user, system } = process.threadCpuUsage(before);
  return Math.round((user + system) / ROUNDS);
}
