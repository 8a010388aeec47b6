import { spawnSync } from 'node:child_process';
import { DIST } from './build/paths.ts';
import { buildIfStale } from './build.ts';

/** `npm run plan -- -f FILE`: `kubectl opencode plan`, built first when its sources are newer. */
try {
  await buildIfStale(['core', 'plugin']);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
const child = spawnSync(process.execPath, [`${DIST}kubectl-opencode.mjs`, 'plan', ...process.argv.slice(2)], { stdio: 'inherit' });
if (child.error) console.error(`error: start the plan: ${child.error.message}`);
process.exit(child.status ?? 1);
