import { expect, it } from 'vitest';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import type { Kind } from '#core/contract/kinds.ts';
import { LABELS, POD_FINALIZER } from '#core/contract/names.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { create, labelsOf, ok, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { shell } from './support/shell.ts';
import { until, untilFinished } from './support/watch.ts';

const kube = await openKube();
const starter = hosts();

/** A Task that upstream's controller has started: its status first, then the Pod, without our label and our finalizer. */
async function startedByUpstream(namespace: string, name: string, simulation: Simulation, hasPod = true): Promise<void> {
  await create(kube.cluster, template(namespace, name), task(namespace, name));
  const { metadata, apiVersion, kind } = await ok(kube.cluster.get(taskAt(namespace, name)));
  const owner = { apiVersion, kind, name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name: `${name}-pod`,
      labels: { app: 'kubeopencode', [LABELS.task]: name, ...labelsOf(simulation) },
      ownerReferences: [owner],
    },
    spec: { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'agent:1' }] },
  } as KubernetesObject & { readonly kind: Kind };
  if (hasPod) await create(kube.cluster, pod);
  const status = {
    phase: 'Running',
    podName: `${name}-pod`,
    startTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    observedGeneration: 1,
  };
  await ok(kube.cluster.patch(taskAt(namespace, name), { status }, { patchType: 'merge', subresource: 'status' }));
}

it('a cut-over adopts the Pods that run, and records how they end; the way back lets go of them', async () => {
  const namespace = await kube.namespace();
  await startedByUpstream(namespace, 'succeeds', { 'run-for': '15s' });
  await startedByUpstream(namespace, 'fails', { outcome: 'fail', 'exit-code': '3', 'run-for': '15s' });
  await startedByUpstream(namespace, 'stays', { outcome: 'never' });
  await startedByUpstream(namespace, 'vanished', {}, false);
  const uids = await Promise.all(
    ['succeeds', 'fails', 'stays'].map(async (name) => (await ok(kube.cluster.get(podAt(namespace, `${name}-pod`)))).metadata.uid),
  );

  const host = await starter.start({ namespaces: [namespace] });
  const isOurs = ({ metadata }: Pod): boolean =>
    metadata.finalizers?.includes(POD_FINALIZER) === true && metadata.labels?.[LABELS.taskUid] !== undefined;
  const adopted = await Promise.all(
    ['succeeds', 'fails', 'stays'].map((name) => until<Pod>(kube.cluster, podAt(namespace, `${name}-pod`), 'to be adopted', isOurs)),
  );
  expect(adopted.map(({ metadata }) => metadata.uid)).toEqual(uids);
  expect((await untilFinished(kube.cluster, namespace, 'vanished')).status).toMatchObject({ phase: 'Failed', cause: 'PodDeleted' });
  expect((await untilFinished(kube.cluster, namespace, 'succeeds')).status).toMatchObject({ phase: 'Completed' });
  expect((await untilFinished(kube.cluster, namespace, 'fails')).status).toMatchObject({
    phase: 'Failed',
    cause: 'Application',
    attempts: [{ exitCode: 3 }],
  });

  await host.kill('SIGTERM');
  expect(await shell(`kubectl opencode release -n ${namespace}`)).toMatch(/stays-pod +Running +stays +released/);
  const left = (await ok(kube.cluster.get(podAt(namespace, 'stays-pod')))) as Pod;
  expect(left.metadata.finalizers ?? []).toEqual([]);
  expect(left.status?.phase).toBe('Running');
  // What upstream goes by is as it left it.
  expect((await ok(kube.cluster.get(taskAt(namespace, 'stays')))) as KubernetesObject).toMatchObject({
    status: { phase: 'Running', podName: 'stays-pod' },
  });
});
