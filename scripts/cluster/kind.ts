import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './binaries.ts';

const execFileAsync = promisify(execFile);

const NAME = 'kubeopencode';
const CREATE_TIMEOUT_MS = 10 * 60_000;

/** A cluster made by kind. */
export interface KindCluster {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** Whether `kind` and a container engine answer. */
export async function kindAnswers(): Promise<boolean> {
  if (!(await succeeds('kind', ['version']))) return false;
  const engines = await Promise.all(['docker', 'podman', 'nerdctl'].map((engine) => succeeds(engine, ['info'])));
  return engines.includes(true);
}

/** Creates a cluster with real containers. Throws when kind fails. */
export async function startKind(report: Report): Promise<KindCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'kubeopencode-kind-'));
  const kubeconfig = join(directory, 'kubeconfig');
  report(`creating the kind cluster ${NAME}`);
  await kind(['create', 'cluster', '--name', NAME, '--kubeconfig', kubeconfig, '--wait', '120s']);
  return {
    kubeconfig,
    async stop() {
      await kind(['delete', 'cluster', '--name', NAME, '--kubeconfig', kubeconfig]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Its own group, so that Ctrl-C in the terminal does not end the deletion. All its words go to stderr. */
function kind(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('kind', args, { detached: true, stdio: ['ignore', 2, 2], timeout: CREATE_TIMEOUT_MS });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`kind ${args.slice(0, 2).join(' ')}: expected exit code 0, got ${code}`)),
    );
  });
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await execFileAsync(command, args, { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
