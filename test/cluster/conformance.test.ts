import { afterAll, describe, it } from 'vitest';
import { type ConformanceContext, conformanceCases } from '#test/support/conformance.ts';
import { startInstalled } from './support/installed.ts';
import { openKube } from './support/kube.ts';

const COMPACTION_TIMEOUT_MS = 60_000;

/** A control plane of its own: nobody else may touch the Pods of these cases, and compaction would disturb others. */
const { info, controlPlane } = await startInstalled({ pods: 'Inert' });
afterAll(() => controlPlane.stop());
const kube = await openKube(info);

/** The same table as for the memory cluster. Here it says what is true. */
describe('a real API server conforms', () => {
  it.concurrent.each(conformanceCases)('$name', async ({ run }) => {
    const namespace = await kube.namespace();
    await run(kube.cluster, contextOf(namespace));
  });
});

function contextOf(namespace: string): Required<ConformanceContext> {
  return {
    namespace,
    wait,
    compact,
    garbageCollector: true,
    async terminateNamespace() {
      await kube.api.expect('DELETE', `/api/v1/namespaces/${namespace}`);
    },
    async limitPods(hard) {
      const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'pods' }, spec: { hard: { pods: String(hard) } } };
      await kube.api.expect('POST', path, quota);
      // It holds when the controller manager has counted what is there.
      while (!(await kube.api.call('GET', `${path}/pods`)).text.includes('"used"')) await wait(50);
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Throws away etcd's history up to now, tells the API server as its own compactor would, and waits until its cached history is gone as well. */
async function compact(): Promise<void> {
  const status = (await etcd('maintenance/status', {})) as { header: { revision: string } };
  const { revision } = status.header;
  await etcd('kv/compaction', { revision, physical: true });
  await etcd('kv/put', { key: btoa('compact_rev_key'), value: btoa(revision) });
  const before = `/apis/kubeopencode.io/v1alpha1/tasks?limit=1&resourceVersionMatch=Exact&resourceVersion=${Number(revision) - 1}`;
  const deadline = Date.now() + COMPACTION_TIMEOUT_MS;
  for (;;) {
    const { code } = await kube.api.call('GET', before);
    if (code === 410) return;
    if (Date.now() > deadline) throw new Error(`compacting up to ${revision}: expected 410 for what was before, got ${code}`);
    await wait(100);
  }
}

async function etcd(path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${controlPlane.etcd}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${path}: expected success, got ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
