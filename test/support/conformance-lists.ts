import { expect } from 'vitest';
import type { Cluster, ListOptions } from '#host/cluster/cluster.ts';
import type { ConformanceCase } from './conformance.ts';
import { at, eventually, ok, pod, refusal, task } from './conformance-kit.ts';

export const listCases: readonly ConformanceCase[] = [
  {
    name: 'list: ordered by name, with a version, of one namespace',
    run: async (cluster, context) => {
      for (const name of ['b', 'c', 'a']) await ok(cluster.create(task(context.namespace, name)));
      const list = await ok(cluster.list({ kind: 'Task', namespace: context.namespace }));
      expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
      expect(list.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(list.continueToken ?? '').toBe('');
    },
  },
  {
    name: 'list: all pages show the state of the first, whatever is written between them',
    run: async (cluster, context) => {
      const { namespace } = context;
      for (const name of ['a', 'b', 'c', 'd', 'e']) await ok(cluster.create(task(namespace, name)));
      const first = await ok(cluster.list({ kind: 'Task', namespace, limit: 2 }));
      await ok(cluster.delete(at('Task', context, 'c'), {}));
      await ok(cluster.create(task(namespace, 'bb')));
      const second = await ok(cluster.list({ kind: 'Task', namespace, limit: 2, continueToken: first.continueToken ?? '' }));
      const third = await ok(cluster.list({ kind: 'Task', namespace, limit: 2, continueToken: second.continueToken ?? '' }));
      const pages = [first, second, third].map(({ items }) => items.map(({ metadata }) => metadata.name));
      expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
      expect(third.continueToken ?? '').toBe('');
      expect(new Set([first, second, third].map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
    },
  },
  {
    name: 'list: a page after compaction is 410 Expired',
    needs: ['compact'],
    run: async (cluster, context) => {
      const { namespace } = context;
      for (const name of ['a', 'b', 'c']) await ok(cluster.create(task(namespace, name)));
      const first = await ok(cluster.list({ kind: 'Task', namespace, limit: 1 }));
      await ok(cluster.create(task(namespace, 'd')));
      await context.compact?.();
      const next = { kind: 'Task', namespace, limit: 1, continueToken: first.continueToken ?? '' } as const;
      await refusal(cluster.list(next), 410, 'Expired');
    },
  },
  {
    name: 'list: label selectors',
    run: async (cluster, { namespace }) => {
      await ok(cluster.create(task(namespace, 'a', { labels: { color: 'red', size: 'l' } })));
      await ok(cluster.create(task(namespace, 'b', { labels: { color: 'blue' } })));
      await ok(cluster.create(task(namespace, 'c', { labels: { 'example.com/kind': '' } })));
      const names = (labelSelector: string) => namesOf(cluster, { kind: 'Task', namespace, labelSelector });
      expect(await names('color=red')).toEqual(['a']);
      expect(await names('color==red,size=l')).toEqual(['a']);
      expect(await names('color!=red')).toEqual(['b', 'c']);
      expect(await names('color')).toEqual(['a', 'b']);
      expect(await names('!color')).toEqual(['c']);
      expect(await names('color in (red, blue)')).toEqual(['a', 'b']);
      expect(await names('color notin (red),size!=l')).toEqual(['b', 'c']);
      expect(await names('example.com/kind=')).toEqual(['c']);
      for (const labelSelector of ['color===red', 'color in (red']) {
        await refusal(cluster.list({ kind: 'Task', namespace, labelSelector }), 400, 'BadRequest');
      }
    },
  },
  {
    name: 'list: field selectors of Tasks, as their CRD declares them',
    run: async (cluster, context) => {
      const { namespace } = context;
      await ok(cluster.create(task(namespace, 'a')));
      const spec = { templateRef: undefined, agentRef: { name: 'ann' } };
      await ok(cluster.create(task(namespace, 'b', {}, spec)));
      await ok(cluster.patch(at('Task', context, 'b'), { status: { phase: 'Running' } }, { patchType: 'merge', subresource: 'status' }));
      const names = (fieldSelector: string) => namesOf(cluster, { kind: 'Task', namespace, fieldSelector });
      expect(await names('metadata.name=a')).toEqual(['a']);
      expect(await names(`metadata.namespace=${namespace}`)).toEqual(['a', 'b']);
      expect(await names('spec.agentRef.name=ann')).toEqual(['b']);
      expect(await names('spec.templateRef.name=plain')).toEqual(['a']);
      expect(await names('status.phase=Running')).toEqual(['b']);
      expect(await names('status.phase!=Running')).toEqual(['a']);
      expect(await names('status.phase=')).toEqual(['a']);
      const { message } = await refusal(cluster.list({ kind: 'Task', namespace, fieldSelector: 'spec.priority=1' }), 400, 'BadRequest');
      expect(message).toContain('field label not supported: spec.priority');
    },
  },
  {
    name: 'list: field selectors of Pods',
    run: async (cluster, { namespace }) => {
      await ok(cluster.create(pod(namespace, 'free')));
      await ok(cluster.create(pod(namespace, 'bound', {}, { nodeName: 'elsewhere' })));
      const names = (fieldSelector: string) => namesOf(cluster, { kind: 'Pod', namespace, fieldSelector });
      expect(await names('spec.nodeName=elsewhere')).toEqual(['bound']);
      expect(await names('spec.nodeName=')).toEqual(['free']);
      expect(await names('status.phase=Pending,metadata.name=free')).toEqual(['free']);
      expect(await names('status.phase!=Pending')).toEqual([]);
    },
  },
  {
    name: 'list: a version that is not there yet is 504 with a time to wait',
    run: async (cluster, context) => {
      const { namespace } = context;
      const { resourceVersion } = await ok(cluster.list({ kind: 'Task', namespace }));
      const far = { kind: 'Task', namespace, resourceVersion: `${resourceVersion}000000`, resourceVersionMatch: 'NotOlderThan' } as const;
      const { retryAfterMs } = await eventually(context, 'the refusal', async () => refusal(cluster.list(far), 504, 'Timeout'));
      expect(retryAfterMs).toBe(1_000);
    },
  },
];

async function namesOf(cluster: Cluster, options: ListOptions): Promise<string[]> {
  return (await ok(cluster.list(options))).items.map(({ metadata }) => metadata.name);
}
