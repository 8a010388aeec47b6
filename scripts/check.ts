import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ROOT } from './build/paths.ts';
import { licenceFaults } from './check/licences.ts';
import { engineFaults } from './engine/provenance.ts';

/** What one check came to; `details` say what is wrong. */
interface Verdict {
  readonly fine: boolean;
  readonly details: string;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<Verdict>;
}

/** `npm run check`: everything that is not a test, one line each; ends with 1 when anything is wrong. */
const CHECKS: readonly Check[] = [
  { name: 'types', run: () => program('tsc', '-p', '.') },
  { name: 'types of the core, which knows neither Node nor a DOM', run: () => program('tsc', '-p', 'core') },
  { name: 'dead code', run: () => program('knip', '--config', 'test/config/knip.json', '--no-progress', '--no-config-hints') },
  { name: 'format and lint', run: () => program('biome', 'check', '--error-on-warnings', '--config-path=test/config/lint.jsonc', '.') },
  { name: 'generated manifests', run: () => script('scripts/crds.ts', '--check') },
  { name: 'generated schemas of output', run: () => script('scripts/schemas.ts', '--check') },
  { name: 'licences', run: async () => listed(licenceFaults()) },
  { name: 'engine.wasm and its provenance', run: async () => listed(engineFaults()) },
];

async function main(): Promise<number> {
  const waiting = [...CHECKS];
  let faults = 0;
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const startedMs = performance.now();
      const { fine, details } = await check.run();
      const tookSeconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      console.log(`check: ${check.name}: ${fine ? 'fine' : 'FAULTS'} (${tookSeconds} s)`);
      if (fine) continue;
      faults += 1;
      console.log(details.replace(/^/gm, '  '));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return faults === 0 ? 0 : 1;
}

/** A program of node_modules/.bin, run by the Node that runs this. */
function program(name: string, ...args: readonly string[]): Promise<Verdict> {
  return spawned(`${ROOT}node_modules/.bin/${name}`, args);
}

function script(file: string, ...args: readonly string[]): Promise<Verdict> {
  if (!existsSync(ROOT + file)) return Promise.resolve({ fine: false, details: `${file} is missing` });
  return spawned(file, args);
}

function spawned(file: string, args: readonly string[]): Promise<Verdict> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let details = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (details += text));
    child.on('error', (error) => resolve({ fine: false, details: error.message }));
    child.on('close', (code) => resolve({ fine: code === 0, details: details.trim() }));
  });
}

function listed(faults: readonly string[]): Verdict {
  return { fine: faults.length === 0, details: faults.join('\n') };
}

process.exitCode = await main();
