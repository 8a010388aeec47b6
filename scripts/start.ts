import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { DIST } from './build/paths.ts';
import { buildIfStale } from './build.ts';

/** `npm start`: the demo. `npm start -- --kubeconfig FILE …`, or with any other flag of the host: the host itself. Built first when sources are newer. */
const args = process.argv.slice(2);
const speed = demoSpeed(args);
try {
  process.exitCode = speed === undefined ? await startHost(args) : await startDemo(speed);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** Virtual seconds a second; undefined when what is asked for is the host. */
function demoSpeed([flag, value, ...rest]: readonly string[]): number | undefined {
  if (flag === undefined) return 5;
  const speed = Number(value);
  return flag === '--speed' && rest.length === 0 && Number.isFinite(speed) && speed >= 0 ? speed : undefined;
}

async function startDemo(speed: number): Promise<number> {
  await buildIfStale(['core']);
  const { loadEngine } = await import('#host/engine/wasm-engine.ts');
  const { runDemo } = await import('./demo/run-demo.ts');
  console.error('demo: the examples on a cluster in memory, in virtual time; npm start -- --kubeconfig FILE runs the host on a real one');
  // Who reads only the beginning (head, less) wants no stack trace.
  process.stdout.on('error', () => process.exit(0));
  const beginMs = performance.now();
  const faults = await runDemo({
    engine: loadEngine(readFileSync(`${DIST}core.wasm`)),
    write: (text) => process.stdout.write(text),
    isColored: process.stdout.isTTY && process.stdout.hasColors(),
    speed,
    wait: (ms) => setTimeout(ms),
  });
  for (const fault of faults) console.error(`error: ${fault}`);
  console.error(
    `demo: ${faults.length === 0 ? 'all ended as they should' : `${faults.length} faults`}, after ${((performance.now() - beginMs) / 1_000).toFixed(1)} s`,
  );
  return faults.length === 0 ? 0 : 1;
}

/** The host gets the signals of the terminal itself; this process waits for its end. */
async function startHost(args: readonly string[]): Promise<number> {
  await buildIfStale(['core', 'host']);
  const child = spawn(process.execPath, [`${DIST}host.mjs`, ...args], { stdio: 'inherit' });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', pass);
  // Ctrl-C reaches the whole process group: to pass it on would be to ask twice.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`start the host: ${cause.message}`, { cause })));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
