import { afterAll } from 'vitest';
import { findBinaries } from '#scripts/cluster/binaries.ts';
import { CLUSTER_COMPONENTS } from '#scripts/cluster/components.ts';
import { type ControlPlane, startControlPlane } from '#scripts/cluster/control-plane.ts';
import { type Kube, openKube } from './kube.ts';

/** A control plane of one test file, on which nothing of this project is installed. */
export interface Bare {
  readonly controlPlane: ControlPlane;
  readonly kube: Kube;
  readonly kubectl: string;
}

/** To be called at the top of a test file; ends after it. */
export async function startBare(): Promise<Bare> {
  const report = (line: string): void => console.error(`cluster: ${line}`);
  const binaries = await findBinaries(CLUSTER_COMPONENTS, report);
  const controlPlane = await startControlPlane({ binaries, report });
  afterAll(() => controlPlane.stop());
  const kube = await openKube({ ...controlPlane.access, kubeconfig: controlPlane.kubeconfig, kubectl: binaries.kubectl });
  return { controlPlane, kube, kubectl: binaries.kubectl };
}

/** Waits until a call is answered with this code, such as 404. */
export async function untilCode({ api }: Kube, path: string, code: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await api.call('GET', path);
    if (answer.code === code) return;
    if (tries === 599) throw new Error(`waiting for ${path} to answer ${code}: it answers ${answer.code} ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
