import { expect } from 'vitest';
import type { OwnerReference } from '#core/api/kubernetes.ts';
import type { ConformanceCase } from './conformance.ts';
import { at, configMap, eventually, gone, ok, type Seen, task } from './conformance-kit.ts';

export const ownerCases: readonly ConformanceCase[] = [
  {
    name: 'owners: deletion in the background takes the dependents afterwards, theirs too',
    needs: ['garbageCollector'],
    run: async (cluster, context) => {
      const { namespace } = context;
      const owner = await ok(cluster.create(task(namespace, 'owner')));
      const child = await ok(cluster.create(configMap(namespace, 'child', { ownerReferences: [ownedBy(owner)] })));
      await ok(cluster.create(configMap(namespace, 'grandchild', { ownerReferences: [ownedBy(child)] })));
      await ok(cluster.create(configMap(namespace, 'stranger')));
      expect(await ok(cluster.delete(at('Task', context, 'owner'), { propagationPolicy: 'Background' }))).toBeNull();
      await gone(cluster, context, at('ConfigMap', context, 'child'));
      await gone(cluster, context, at('ConfigMap', context, 'grandchild'));
      await ok(cluster.get(at('ConfigMap', context, 'stranger')));
    },
  },
  {
    name: 'owners: deletion in the foreground waits for the dependents that block it',
    needs: ['garbageCollector'],
    run: async (cluster, context) => {
      const { namespace } = context;
      const owner = await ok(cluster.create(task(namespace, 'owner')));
      const blocking = { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })], finalizers: ['example.com/a'] };
      await ok(cluster.create(configMap(namespace, 'blocking', blocking)));
      const free = { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: false })], finalizers: ['example.com/a'] };
      await ok(cluster.create(configMap(namespace, 'free', free)));
      const marked = await ok(cluster.delete(at('Task', context, 'owner'), { propagationPolicy: 'Foreground' }));
      expect(marked?.metadata.finalizers).toEqual(['foregroundDeletion']);
      for (const name of ['blocking', 'free']) {
        await eventually(context, `the deletion of ${name}`, async () => {
          return (await ok(cluster.get(at('ConfigMap', context, name)))).metadata.deletionTimestamp !== undefined;
        });
      }
      await context.wait(1_000);
      await ok(cluster.get(at('Task', context, 'owner')));
      await ok(cluster.patch(at('ConfigMap', context, 'blocking'), { metadata: { finalizers: null } }, { patchType: 'merge' }));
      await gone(cluster, context, at('Task', context, 'owner'));
      await ok(cluster.get(at('ConfigMap', context, 'free')));
      await ok(cluster.patch(at('ConfigMap', context, 'free'), { metadata: { finalizers: null } }, { patchType: 'merge' }));
    },
  },
  {
    name: 'owners: deletion that orphans leaves the dependents, without owner',
    needs: ['garbageCollector'],
    run: async (cluster, context) => {
      const { namespace } = context;
      const owner = await ok(cluster.create(task(namespace, 'owner')));
      await ok(cluster.create(configMap(namespace, 'child', { ownerReferences: [ownedBy(owner)] })));
      await ok(cluster.delete(at('Task', context, 'owner'), { propagationPolicy: 'Orphan' }));
      await gone(cluster, context, at('Task', context, 'owner'));
      const child = await ok(cluster.get(at('ConfigMap', context, 'child')));
      expect(child.metadata.ownerReferences ?? []).toEqual([]);
      expect(child.metadata.deletionTimestamp).toBeUndefined();
    },
  },
  {
    name: 'owners: who names an owner that is not there (any more) is deleted',
    needs: ['garbageCollector'],
    run: async (cluster, context) => {
      const { namespace } = context;
      const owner = await ok(cluster.create(task(namespace, 'owner')));
      await ok(cluster.delete(at('Task', context, 'owner'), {}));
      await ok(cluster.create(task(namespace, 'owner')));
      await ok(cluster.create(configMap(namespace, 'late', { ownerReferences: [ownedBy(owner)] })));
      await gone(cluster, context, at('ConfigMap', context, 'late'));
      await ok(cluster.get(at('Task', context, 'owner')));
    },
  },
  {
    name: 'owners: one of two that remains keeps the dependent, which forgets the other',
    needs: ['garbageCollector'],
    run: async (cluster, context) => {
      const { namespace } = context;
      const first = await ok(cluster.create(task(namespace, 'first')));
      const second = await ok(cluster.create(task(namespace, 'second')));
      await ok(cluster.create(configMap(namespace, 'child', { ownerReferences: [ownedBy(first), ownedBy(second)] })));
      await ok(cluster.delete(at('Task', context, 'first'), {}));
      const child = await eventually(context, 'one owner', async () => {
        const object = await ok(cluster.get(at('ConfigMap', context, 'child')));
        return object.metadata.ownerReferences?.length === 1 && object;
      });
      expect(child.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['second']);
      expect(child.metadata.deletionTimestamp).toBeUndefined();
    },
  },
];

function ownedBy({ apiVersion = '', kind = '', metadata }: Seen, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more };
}
