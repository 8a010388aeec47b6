import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { colored, plain, terminalColumns } from '#plugin/io.ts';
import { DIST } from './build/paths.ts';
import { buildIfStale } from './build.ts';
import { parseStart, type StartRequest } from './demo/command-line.ts';
import { scenarioList } from './demo/scenarios.ts';

/** `npm start`: the demo. `npm start -- --kubeconfig FILE …`, or with any other flag of the host: the host itself. Built first when sources are newer. */
async function main(request: StartRequest): Promise<number> {
  // Who reads only the beginning (head, less) wants no stack trace.
  process.stdout.on('error', () => process.exit(0));
  switch (request.type) {
    case 'Told':
      return request.exitCode;
    case 'List':
      process.stdout.write(scenarioList());
      return 0;
    case 'Demo':
      return startDemo(request);
    case 'Host': {
      await buildIfStale(['core', 'host']);
      // In this very process, which then ends as the host does: a signal to it is one to the host, and just one.
      await import(pathToFileURL(`${DIST}host.mjs`).href);
      throw new Error(`start the host: expected ${DIST}host.mjs to end this process; build it again with "npm run build"`);
    }
  }
}

async function startDemo({ scenario, pace }: Extract<StartRequest, { type: 'Demo' }>): Promise<number> {
  await buildIfStale(['core']);
  const { loadEngine } = await import('#host/engine/wasm-engine.ts');
  const { runDemo } = await import('./demo/run-demo.ts');
  const { stdout } = process;
  if (stdout.isTTY) console.error('A cluster in memory, in virtual time. Other stories: npm start -- --list\n');
  const faults = await runDemo(scenario, {
    engine: loadEngine(readFileSync(`${DIST}core.wasm`)),
    write: (text) => void stdout.write(text),
    paint: stdout.isTTY && stdout.hasColors() ? colored : plain,
    columns: terminalColumns(stdout),
    pace,
    wait: (ms) => setTimeout(ms),
  });
  return faults.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(parseStart(process.argv.slice(2), (text) => void process.stderr.write(text)));
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
