import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

const BASE = fileURLToPath(new URL('../../host/manifests/base', import.meta.url));

/** Folder of this project's CustomResourceDefinitions. */
export const CRDS = `${BASE}/crds`;

/** The host's namespace, ServiceAccount and what it may do. */
export const HOST_RBAC = [`${BASE}/namespace.yaml`, `${BASE}/rbac.yaml`];

/** Server-side apply of files or folders. Throws with kubectl's text. */
export async function applyManifests(kubectl: string, kubeconfig: string, paths: readonly string[]): Promise<void> {
  await run(kubectl, kubeconfig, ['apply', '--server-side', '--force-conflicts', ...paths.flatMap((path) => ['-f', path])]);
}

/** Applies CRDs and waits until each is established. Throws with kubectl's text. */
export async function applyCrds(kubectl: string, kubeconfig: string, path = CRDS): Promise<void> {
  await applyManifests(kubectl, kubeconfig, [path]);
  await run(kubectl, kubeconfig, ['wait', '--for=condition=Established', '--timeout=30s', '-f', path]);
}

async function run(kubectl: string, kubeconfig: string, args: readonly string[]): Promise<void> {
  await execFileAsync(kubectl, ['--kubeconfig', kubeconfig, ...args], { timeout: 60_000 });
}
