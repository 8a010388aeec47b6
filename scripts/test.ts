import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './build/paths.ts';
import { buildIfStale } from './build.ts';
import { type Counts, NOTHING, plus, readReport, summaryLine } from './test/report.ts';

const LEVELS = ['unit', 'simulation', 'release', 'cluster'] as const;
type Level = (typeof LEVELS)[number];

const HELP = `Usage: npm test -- [levels] [-- arguments for vitest]

Runs the tests, one level after the other, and ends with one line of counts: N passed, M failed. The exit code is 1 when a test failed,
a level could not run, or there were no tests.

Levels (default: all)
  unit         tables, properties, golden files, TypeScript against core.wasm
  simulation   the controller on a cluster in memory, in virtual time, with faults
  release      what is given away: made, installed without a network and run; Krew itself is built from Go modules the first time
  cluster      a real etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok; see npm run cluster -- --help
               for where the programs come from. With TEST_KUBELET=1 (root, Linux) also a real kubelet with containerd; that changes
               sysctls and mounts and restores them

Examples
  npm test -- unit
  npm test -- cluster -- test/cluster/queue.test.ts
  npm test -- unit -- -t 'evicted'
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', short: 'h', default: false } } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const levels = LEVELS.filter((level) => positionals.includes(level));
  const forVitest = positionals.filter((argument) => !LEVELS.some((level) => level === argument));
  await buildIfStale();
  let total = NOTHING;
  for (const level of levels.length > 0 ? levels : LEVELS) total = plus(total, await run(level, forVitest));
  for (const reason of total.skipReasons) console.log(`skipped: ${reason}`);
  console.log(summaryLine(total));
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Runs one level in a process of its own; a level that could not run at all counts as one failure. */
async function run(level: Level, forVitest: readonly string[]): Promise<Counts> {
  console.log(`\n== ${level}`);
  const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-test-'));
  try {
    const file = join(folder, 'report.json');
    const skipReasonsFile = join(folder, 'skipped');
    const reporters = ['--reporter=default', '--reporter=./test/config/skip-reasons.ts', '--reporter=json', `--outputFile.json=${file}`];
    const args = ['run', '--config', 'test/config/vitest.ts', '--project', level, ...reporters, ...forVitest];
    const exitCode = await vitest(args, { ...process.env, SKIP_REASONS_FILE: skipReasonsFile });
    const counts = readReport(file, skipReasonsFile);
    if (counts === undefined) return couldNotRun(level, `vitest ended with ${exitCode} and left no report`);
    if (counts.passed + counts.failed + counts.skipped === 0) return couldNotRun(level, 'there are no tests');
    if (exitCode !== 0 && counts.failed === 0)
      return plus(counts, couldNotRun(level, `vitest ended with ${exitCode} though no test failed`));
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function couldNotRun(level: Level, why: string): Counts {
  console.error(`error: running the ${level} tests: ${why}; see above`);
  return { ...NOTHING, failed: 1 };
}

function vitest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${ROOT}node_modules/vitest/vitest.mjs`, ...args], { cwd: ROOT, stdio: 'inherit', env });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? String(signal)));
  });
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  console.log(summaryLine({ ...NOTHING, failed: 1 }));
  return 1;
});
