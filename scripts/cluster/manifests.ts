import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** Folder of this project's CustomResourceDefinitions. */
export const CRDS = fileURLToPath(new URL('../../host/manifests/base/crds', import.meta.url));

/** Server-side apply of files or folders with kubectl, then waits until every CRD among them is established. Throws with kubectl's text. */
export async function applyCrds(kubectl: string, kubeconfig: string, path = CRDS): Promise<void> {
  const run = (args: readonly string[]): Promise<unknown> =>
    execFileAsync(kubectl, ['--kubeconfig', kubeconfig, ...args], { timeout: 60_000 });
  await run(['apply', '--server-side', '--force-conflicts', '-f', path]);
  await run(['wait', '--for=condition=Established', '--timeout=30s', '-f', path]);
}
