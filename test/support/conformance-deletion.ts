import { expect } from 'vitest';
import type { ConformanceCase } from './conformance.ts';
import { at, gone, ok, pod, refusal, secondsBetween, task } from './conformance-kit.ts';

const merge = { patchType: 'merge' } as const;
const strategic = { patchType: 'strategic' } as const;

export const deletionCases: readonly ConformanceCase[] = [
  {
    name: 'delete: what nothing holds is gone at once',
    run: async (cluster, context) => {
      await ok(cluster.create(task(context.namespace, 'a')));
      expect(await ok(cluster.delete(at('Task', context, 'a'), {}))).toBeNull();
      await refusal(cluster.get(at('Task', context, 'a')), 404, 'NotFound');
    },
  },
  {
    name: 'delete: a precondition that does not hold is 409 Conflict and deletes nothing',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const { metadata } = await ok(cluster.create(task(context.namespace, 'a')));
      await ok(cluster.patch(address, { spec: { priority: 1 } }, merge));
      const byUid = await refusal(cluster.delete(address, { uid: '00000000-0000-4000-8000-000000000000' }), 409, 'Conflict');
      expect(byUid.message).toContain('does not match the UID in record');
      const byVersion = await refusal(cluster.delete(address, { resourceVersion: metadata.resourceVersion }), 409, 'Conflict');
      expect(byVersion.message).toContain('does not match the ResourceVersion in record');
      expect(await ok(cluster.delete(address, { uid: metadata.uid }))).toBeNull();
    },
  },
  {
    name: 'delete: a finalizer holds the object, its name stays taken, and the last finalizer’s removal frees both',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const created = await ok(cluster.create(task(context.namespace, 'a', { finalizers: ['example.com/a', 'example.com/b'] })));
      const marked = await ok(cluster.delete(address, {}));
      expect(marked?.metadata).toMatchObject({ uid: created.metadata.uid, generation: 2, deletionGracePeriodSeconds: 0 });
      expect(marked?.metadata.deletionTimestamp).toBeDefined();
      const again = await ok(cluster.delete(address, {}));
      expect(again?.metadata.resourceVersion).toBe(marked?.metadata.resourceVersion);
      const { message } = await refusal(cluster.create(task(context.namespace, 'a')), 409, 'AlreadyExists');
      expect(message).toBe('object is being deleted: tasks.kubeopencode.io "a" already exists');
      await ok(cluster.patch(address, { metadata: { finalizers: ['example.com/b'] } }, merge));
      await ok(cluster.get(address));
      await ok(cluster.patch(address, { metadata: { finalizers: null } }, merge));
      await refusal(cluster.get(address), 404, 'NotFound');
      const successor = await ok(cluster.create(task(context.namespace, 'a')));
      expect(successor.metadata.uid).not.toBe(created.metadata.uid);
      await refusal(cluster.delete(address, { uid: created.metadata.uid }), 409, 'Conflict');
    },
  },
  {
    name: 'while it is being deleted: the status can be written, labels too, but no finalizer can be added',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      await ok(cluster.create(task(context.namespace, 'a', { finalizers: ['example.com/a'] })));
      await ok(cluster.delete(address, {}));
      const reported = await ok(cluster.patch(address, { status: { phase: 'Failed' } }, { ...merge, subresource: 'status' }));
      expect(reported).toMatchObject({ status: { phase: 'Failed' }, metadata: { generation: 2 } });
      await ok(cluster.patch(address, { metadata: { labels: { a: 'b' } } }, merge));
      const more = cluster.patch(address, { metadata: { finalizers: ['example.com/a', 'example.com/b'] } }, merge);
      expect((await refusal(more, 422, 'Invalid')).fields).toContain('metadata.finalizers');
    },
  },
  {
    name: 'delete of a Pod that no node has: gone at once',
    run: async (cluster, context) => {
      await ok(cluster.create(pod(context.namespace, 'p')));
      expect(await ok(cluster.delete(at('Pod', context, 'p'), {}))).toBeNull();
      await refusal(cluster.get(at('Pod', context, 'p')), 404, 'NotFound');
    },
  },
  {
    name: 'delete of a Pod on a node: its own grace period, which later calls can only shorten; 0 removes it',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p', {}, { nodeName: 'elsewhere', terminationGracePeriodSeconds: 40 })));
      const first = await ok(cluster.delete(address, {}));
      expect(first?.metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 40 });
      const longer = await ok(cluster.delete(address, { gracePeriodSeconds: 60 }));
      expect(longer?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
      const shorter = await ok(cluster.delete(address, { gracePeriodSeconds: 10 }));
      expect(shorter?.metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 10 });
      expect(secondsBetween(shorter?.metadata.deletionTimestamp, first?.metadata.deletionTimestamp)).toBe(30);
      expect(await ok(cluster.delete(address, { gracePeriodSeconds: 0 }))).toBeNull();
      await refusal(cluster.get(address), 404, 'NotFound');
    },
  },
  {
    name: 'delete of a Pod with a finalizer: grace 0 moves deletionTimestamp to now and leaves the Pod; its finalizer then frees it',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p', { finalizers: ['example.com/a'] }, { nodeName: 'elsewhere' })));
      const first = await ok(cluster.delete(address, {}));
      expect(first?.metadata.deletionGracePeriodSeconds).toBe(30);
      await context.wait(2_000);
      const ended = await ok(cluster.delete(address, { gracePeriodSeconds: 0 }));
      expect(ended?.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 });
      const moved = secondsBetween(ended?.metadata.deletionTimestamp, first?.metadata.deletionTimestamp);
      expect(moved).toBeGreaterThanOrEqual(25);
      expect(moved).toBeLessThanOrEqual(28);
      await ok(cluster.patch(address, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }, strategic));
      await refusal(cluster.get(address), 404, 'NotFound');
    },
  },
  {
    name: 'a finalizer that goes during the grace period does not end it',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p', { finalizers: ['example.com/a'] }, { nodeName: 'elsewhere' })));
      await ok(cluster.delete(address, {}));
      await ok(cluster.patch(address, { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } }, strategic));
      expect((await ok(cluster.get(address))).metadata.deletionGracePeriodSeconds).toBe(30);
      expect(await ok(cluster.delete(address, { gracePeriodSeconds: 0 }))).toBeNull();
      await gone(cluster, context, address);
    },
  },
  {
    name: 'delete of a Pod that has ended: gone at once, or held by its finalizer with grace 0',
    run: async (cluster, context) => {
      const toStatus = { ...strategic, subresource: 'status' } as const;
      for (const name of ['free', 'held']) {
        const metadata = name === 'held' ? { finalizers: ['example.com/a'] } : {};
        await ok(cluster.create(pod(context.namespace, name, metadata, { nodeName: 'elsewhere' })));
        await ok(cluster.patch(at('Pod', context, name), { status: { phase: 'Succeeded' } }, toStatus));
      }
      expect(await ok(cluster.delete(at('Pod', context, 'free'), {}))).toBeNull();
      const held = await ok(cluster.delete(at('Pod', context, 'held'), {}));
      expect(held?.metadata.deletionGracePeriodSeconds).toBe(0);
    },
  },
];
