import { expect } from 'vitest';
import type { ConformanceCase } from './conformance.ts';
import { at, configMap, eventually, gone, ok, pod, refusal, task } from './conformance-kit.ts';

export const namespaceCases: readonly ConformanceCase[] = [
  {
    name: 'namespace: in one that is not there nothing can be created: 404',
    run: async (cluster) => {
      const { message } = await refusal(cluster.create(configMap('conformance-none', 'a')), 404, 'NotFound');
      expect(message).toBe('namespaces "conformance-none" not found');
    },
  },
  {
    name: 'namespace: in one that is being deleted nothing can be created: 403; what a finalizer holds stays till it is freed',
    needs: ['terminateNamespace'],
    run: async (cluster, context) => {
      const { namespace } = context;
      await ok(cluster.create(configMap(namespace, 'held', { finalizers: ['example.com/a'] })));
      await ok(cluster.create(task(namespace, 'free')));
      await context.terminateNamespace?.();
      const { message } = await refusal(cluster.create(pod(namespace, 'late')), 403, 'Forbidden');
      expect(message).toBe(
        `pods "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      await gone(cluster, context, at('Task', context, 'free'));
      await eventually(context, 'the deletion of what is held', async () => {
        return (await ok(cluster.get(at('ConfigMap', context, 'held')))).metadata.deletionTimestamp !== undefined;
      });
      await ok(cluster.patch(at('ConfigMap', context, 'held'), { metadata: { finalizers: null } }, { patchType: 'merge' }));
      await gone(cluster, context, at('ConfigMap', context, 'held'));
    },
  },
  {
    name: 'quota: what exceeds it is 403 Forbidden, and the place of a Pod that has ended is free',
    needs: ['limitPods'],
    run: async (cluster, context) => {
      const { namespace } = context;
      await context.limitPods?.(1);
      await ok(cluster.create(pod(namespace, 'first', {}, { nodeName: 'elsewhere' })));
      const { message } = await refusal(cluster.create(pod(namespace, 'second')), 403, 'Forbidden');
      expect(message).toMatch(/^pods "second" is forbidden: exceeded quota: .*, requested: pods=1, used: pods=1, limited: pods=1$/);
      const ended = { status: { phase: 'Succeeded' } };
      await ok(cluster.patch(at('Pod', context, 'first'), ended, { patchType: 'strategic', subresource: 'status' }));
      await eventually(context, 'a free place', async () => (await cluster.create(pod(namespace, 'second'))).ok);
    },
  },
];
