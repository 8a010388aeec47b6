import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '#scripts/engine/cache.ts';

const MODULE = fileURLToPath(new URL('go', import.meta.url));
const PACKAGES = ['sigs.k8s.io/krew/cmd/krew', 'sigs.k8s.io/krew/cmd/validate-krew-manifest'] as const;

/** Krew itself, and the program by which its index judges manifests. */
export interface KrewTools {
  readonly krew: string;
  readonly validate: string;
}

/** Builds both from Go modules, once, in the version that `go.sum` pins. Throws where there is no Go, or it can't reach its modules. */
export async function krewTools(): Promise<KrewTools> {
  const hash = createHash('sha256')
    .update(readFileSync(join(MODULE, 'go.sum')))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder('krew'), hash);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder('krew'), { recursive: true });
    const draft = mkdtempSync(join(cacheFolder('krew'), 'draft-'));
    await promisify(execFile)('go', ['build', '-o', `${draft}/`, ...PACKAGES], { cwd: MODULE });
    // Another process may have been faster.
    if (existsSync(folder)) rmSync(draft, { recursive: true });
    else renameSync(draft, folder);
  }
  return { krew: join(folder, 'krew'), validate: join(folder, 'validate-krew-manifest') };
}
