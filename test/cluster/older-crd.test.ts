import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Task } from '#core/api/task.ts';
import { applyCrds } from '#scripts/cluster/manifests.ts';
import { hosts } from './support/host.ts';
import { clusterInfo } from './support/info.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, podAt, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished } from './support/watch.ts';

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.kubeopencode.io';

const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
const collection = `/apis/kubeopencode.io/v1alpha1/namespaces/${namespace}/tasks`;

const withTimeout = (name: string): object => task(namespace, name, { templateRef: { name: 'plain' }, timeout: '1 hour' });

/** Waits until the API server judges by the rules as they were changed. */
async function judges(code: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await kube.api.call('POST', `${collection}?dryRun=All`, withTimeout('probe'))).code === code) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`changing the CRD: expected the API server to answer ${code} to a malformed timeout within 20 s`);
}

beforeAll(async () => {
  // As upstream's: a timeout is any text.
  const crd = (await kube.api.expect('GET', CRD)) as { spec: { versions: { schema: { openAPIV3Schema: SchemaNode } }[] } };
  for (const version of crd.spec.versions) {
    const spec = version.schema.openAPIV3Schema.properties?.spec;
    if (spec?.properties?.timeout === undefined) throw new Error('laying the older CRD: expected the field spec.timeout in it');
    spec.properties.timeout = { type: 'string' };
  }
  await kube.api.expect('PUT', CRD, crd);
  await judges(201);
  await kube.api.expect('POST', collection, withTimeout('malformed'));
  await restore();
});
afterAll(restore);

interface SchemaNode {
  type?: string;
  properties?: Record<string, SchemaNode>;
}

async function restore(): Promise<void> {
  const { kubectl, kubeconfig } = clusterInfo();
  await applyCrds(kubectl, kubeconfig);
  await judges(422);
}

it('the API server refuses timeout "1 hour" with the right form', async () => {
  const { code, text } = await kube.api.call('POST', collection, withTimeout('refused'));
  expect(code).toBe(422);
  expect(JSON.parse(text).message).toMatch(/spec\.timeout: .*must be a duration such as 90s, 30m or 1h30m/);
});

it('one that was stored before gets a condition that says so, and nobody else is disturbed', async () => {
  await create(kube.cluster, template(namespace, 'plain', { 'run-for': '1s' }));
  await starter.start({ namespaces: [namespace] });
  await create(kube.cluster, task(namespace, 'sound', { templateRef: { name: 'plain' }, timeout: '1h' }));
  const malformed = await until<Task>(
    kube.cluster,
    taskAt(namespace, 'malformed'),
    'to say what is wrong',
    (seen) => conditionOf(seen, 'Ready') !== '',
  );
  expect(conditionOf(malformed, 'Ready')).toBe('False/InvalidSpec');
  expect(malformed.status?.message).toMatch(/1 hour/);
  const sound = await untilFinished(kube.cluster, namespace, 'sound');
  expect(sound.status?.phase).toBe('Completed');
  expect(await kube.cluster.get(podAt(namespace, 'malformed-pod'))).toMatchObject({ ok: false, error: { code: 404 } });
  // Mended, it runs.
  await kube.kubectl(['-n', namespace, 'patch', 'task', 'malformed', '--type=merge', '-p', '{"spec":{"timeout":"1h"}}']);
  const mended = await untilFinished(kube.cluster, namespace, 'malformed');
  expect(mended.status?.phase).toBe('Completed');
});
