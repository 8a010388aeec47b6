import { randomUUID } from 'node:crypto';
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

/**
 * Waits until the garbage collector knows Tasks: it looks for new kinds every 30 seconds only, and what is deleted before, with its definition, it never hears of, so
 * that whose owner that was stays. It is shown things of a Task that never was until it takes one away.
 */
export async function untilTasksAreCollected({ api }: Kube, namespace: string): Promise<void> {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  for (let tries = 0; tries < 60; tries++) {
    const name = `of-nobody-${tries}`;
    const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'nobody', uid: randomUUID() };
    await api.expect('POST', collection, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences: [owner] } });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    if ((await api.call('GET', `${collection}/${name}`)).code === 404) return;
  }
  throw new Error(
    'waiting for the garbage collector to know Tasks: expected that it takes away what is of a Task that is not there, within 60 s',
  );
}
