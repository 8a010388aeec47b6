import { expect } from 'vitest';
import { compareResourceVersions } from '#host/cluster/resource-version.ts';
import type { ConformanceCase } from './conformance.ts';
import { at, eventually, ok, pod, type Seen, task, versionNow, watching } from './conformance-kit.ts';

const mergeStatus = { patchType: 'merge', subresource: 'status' } as const;

export const watchCases: readonly ConformanceCase[] = [
  {
    name: 'watch: from a version, it tells all that came after, in order, and goes on',
    run: async (cluster, context) => {
      const { namespace } = context;
      await ok(cluster.create(task(namespace, 'before')));
      const resourceVersion = await versionNow(cluster, 'Task', namespace);
      await ok(cluster.create(task(namespace, 'a')));
      await ok(cluster.patch(at('Task', context, 'a'), { status: { phase: 'Running' } }, mergeStatus));
      const watch = watching(cluster, { kind: 'Task', namespace, resourceVersion, timeoutSeconds: 60 });
      await eventually(context, 'two events', () => watch.changes().length === 2);
      const { metadata } = await ok(cluster.get(at('Task', context, 'a')));
      await ok(cluster.delete(at('Task', context, 'a'), {}));
      await ok(cluster.create(task(namespace, 'b')));
      await eventually(context, 'four events', () => watch.changes().length === 4);
      watch.stop();
      expect(watch.changes()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
      const deleted = watch.events.find(({ type }) => type === 'DELETED');
      if (deleted === undefined || !('object' in deleted)) throw new Error('expected an object with the deletion');
      expect(deleted.object.metadata.uid).toBe(metadata.uid);
      // The last state, but with the version of the deletion, so that a client may go on from it.
      expect(compareResourceVersions(deleted.object.metadata.resourceVersion ?? '', metadata.resourceVersion)).toBeGreaterThan(0);
    },
  },
  {
    name: 'watch: objects come without managedFields, and with all else that a get brings',
    run: async (cluster, context) => {
      const { namespace } = context;
      for (const draft of [task(namespace, 'a'), pod(namespace, 'a')]) {
        const { kind } = draft;
        const resourceVersion = await versionNow(cluster, kind, namespace);
        await ok(cluster.create(draft));
        const patch = { status: { message: 'hello' } };
        const { metadata, ...rest } = await ok(cluster.patch(at(kind, context, 'a'), patch, mergeStatus));
        const { managedFields: _, ...kept } = metadata as Seen['metadata'] & { readonly managedFields?: unknown };
        const watch = watching(cluster, { kind, namespace, resourceVersion, timeoutSeconds: 60 });
        await eventually(context, 'two events', () => watch.changes().length === 2);
        watch.stop();
        expect(watch.events.at(-1)).toEqual({ type: 'MODIFIED', object: { ...rest, metadata: kept } });
      }
    },
  },
  {
    name: 'watch: with a selector, what begins to match is ADDED and what ceases to match is DELETED',
    run: async (cluster, context) => {
      const { namespace } = context;
      const address = at('Task', context, 'a');
      const resourceVersion = await versionNow(cluster, 'Task', namespace);
      const byLabel = watching(cluster, { kind: 'Task', namespace, resourceVersion, timeoutSeconds: 60, labelSelector: 'color=red' });
      const byPhase = watching(cluster, {
        kind: 'Task',
        namespace,
        resourceVersion,
        timeoutSeconds: 60,
        fieldSelector: 'status.phase=Running',
      });
      await ok(cluster.create(task(namespace, 'a')));
      await ok(cluster.patch(address, { metadata: { labels: { color: 'red' } } }, { patchType: 'merge' }));
      await ok(cluster.patch(address, { status: { phase: 'Running' } }, mergeStatus));
      await ok(cluster.patch(address, { metadata: { labels: { color: 'blue' } } }, { patchType: 'merge' }));
      await ok(cluster.patch(address, { status: { phase: 'Completed' } }, mergeStatus));
      await eventually(context, 'three events each', () => byLabel.changes().length === 3 && byPhase.changes().length === 3);
      byLabel.stop();
      byPhase.stop();
      expect(byLabel.changes()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
      expect(byPhase.changes()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
      const ceased = byLabel.events.at(-1);
      // The state that matched last, with the version of the write that ended it.
      expect(ceased).toMatchObject({ type: 'DELETED', object: { metadata: { labels: { color: 'red' } } } });
    },
  },
  {
    name: 'watch: an object that its last finalizer frees is DELETED, after MODIFIED with the deletionTimestamp',
    run: async (cluster, context) => {
      const { namespace } = context;
      const address = at('Pod', context, 'p');
      const resourceVersion = await versionNow(cluster, 'Pod', namespace);
      const watch = watching(cluster, { kind: 'Pod', namespace, resourceVersion, timeoutSeconds: 60 });
      await ok(cluster.create(pod(namespace, 'p', { finalizers: ['example.com/a'] })));
      await ok(cluster.delete(address, {}));
      const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } };
      await ok(cluster.patch(address, patch, { patchType: 'strategic' }));
      await eventually(context, 'three events', () => watch.changes().length === 3);
      watch.stop();
      expect(watch.changes()).toEqual(['ADDED p', 'MODIFIED p', 'DELETED p']);
      for (const event of watch.events.slice(1)) expect(event).toMatchObject({ object: { metadata: { deletionGracePeriodSeconds: 0 } } });
    },
  },
  {
    name: 'watch: a Pod that is removed at once is seen with its deletionTimestamp',
    run: async (cluster, context) => {
      const { namespace } = context;
      await ok(cluster.create(pod(namespace, 'p')));
      const resourceVersion = await versionNow(cluster, 'Pod', namespace);
      const watch = watching(cluster, { kind: 'Pod', namespace, resourceVersion, timeoutSeconds: 60 });
      await ok(cluster.delete(at('Pod', context, 'p'), {}));
      await eventually(context, 'the deletion', () => watch.changes().includes('DELETED p'));
      watch.stop();
      const deleted = watch.events.find(({ type }) => type === 'DELETED');
      expect(deleted).toMatchObject({ object: { metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0 } } });
    },
  },
  {
    name: 'watch: the server ends it after its time, and sends a bookmark before',
    run: async (cluster, context) => {
      const { namespace } = context;
      const resourceVersion = await versionNow(cluster, 'Task', namespace);
      const watch = watching(cluster, { kind: 'Task', namespace, resourceVersion, timeoutSeconds: 4 });
      await ok(cluster.create(task(namespace, 'a')));
      await eventually(context, 'the end', () => watch.hasEnded());
      expect(watch.changes()).toEqual(['ADDED a']);
      const bookmark = watch.events.find(({ type }) => type === 'BOOKMARK');
      if (bookmark?.type !== 'BOOKMARK') throw new Error('expected a bookmark');
      expect(compareResourceVersions(bookmark.resourceVersion, resourceVersion)).toBeGreaterThanOrEqual(0);
      // A watch from the bookmark goes on where the other ended: nothing twice, nothing lost.
      const next = watching(cluster, { kind: 'Task', namespace, resourceVersion: bookmark.resourceVersion, timeoutSeconds: 60 });
      await ok(cluster.create(task(namespace, 'b')));
      await eventually(context, 'the next event', () => next.changes().length > 0);
      next.stop();
      expect(next.changes()).toEqual(['ADDED b']);
    },
  },
  {
    name: 'watch: ends without an event when its signal is aborted',
    run: async (cluster, context) => {
      const { namespace } = context;
      const resourceVersion = await versionNow(cluster, 'Task', namespace);
      const watch = watching(cluster, { kind: 'Task', namespace, resourceVersion, timeoutSeconds: 60 });
      await context.wait(200);
      watch.stop();
      await eventually(context, 'the end', () => watch.hasEnded());
      expect(watch.events).toEqual([]);
    },
  },
  {
    name: 'watch: from a version that is long gone is 410 Expired, and the stream ends',
    run: async (cluster, context) => {
      const { namespace } = context;
      await ok(cluster.create(task(namespace, 'a')));
      // A real API server has forgotten its first version by now.
      await context.compact?.();
      const watch = watching(cluster, { kind: 'Task', namespace, resourceVersion: '1', timeoutSeconds: 60 });
      await eventually(context, 'the end', () => watch.hasEnded());
      expect(watch.events).toMatchObject([{ type: 'ERROR', error: { type: 'Refused', code: 410, reason: 'Expired' } }]);
    },
  },
];
