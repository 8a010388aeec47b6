import type { ControlPlane } from '../../cluster/control-plane.ts';

/** etcd takes at most 128 operations in a transaction. */
const PER_TRANSACTION = 100;

/**
 * Puts Tasks into etcd as an API server writes them, JSON under their key: 50,000 in seconds instead of an hour. The API server learns of them by its own watch and
 * serves them as any other.
 */
export async function seedTasks(
  { etcd }: Pick<ControlPlane, 'etcd'>,
  namespace: string,
  count: number,
  textOf: (index: number) => string,
): Promise<void> {
  for (let from = 0; from < count; from += PER_TRANSACTION) {
    const indexes = Array.from({ length: Math.min(PER_TRANSACTION, count - from) }, (_, offset) => from + offset);
    const success = indexes.map((index) => {
      const text = textOf(index);
      const { name } = (JSON.parse(text) as { readonly metadata: { readonly name: string } }).metadata;
      const key = base64(`/registry/kubeopencode.io/tasks/${namespace}/${name}`);
      return { requestPut: { key, value: base64(text) } };
    });
    await call(etcd, 'kv/txn', { success });
  }
}

/** Throws away all of etcd's history: no version from before can be watched from. */
export async function forgetHistory({ etcd }: Pick<ControlPlane, 'etcd'>): Promise<void> {
  const { header } = (await call(etcd, 'maintenance/status', {})) as { readonly header: { readonly revision: string } };
  await call(etcd, 'kv/compaction', { revision: header.revision, physical: true });
}

async function call(etcd: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${etcd}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${path}: expected success, came HTTP ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
