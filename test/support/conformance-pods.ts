import { expect } from 'vitest';
import type { ConformanceCase } from './conformance.ts';
import { at, ok, pod, refusal } from './conformance-kit.ts';

const strategic = { patchType: 'strategic' } as const;
const merge = { patchType: 'merge' } as const;

export const podCases: readonly ConformanceCase[] = [
  {
    name: 'Pod: a new one is Pending with generation 1 and the defaults of its spec',
    run: async (cluster, { namespace }) => {
      const created = await ok(cluster.create(pod(namespace, 'p')));
      expect(created).toMatchObject({
        metadata: { generation: 1 },
        spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler' },
        status: { phase: 'Pending', qosClass: 'BestEffort' },
      });
      expect(created.spec).toMatchObject({ containers: [{ name: 'agent', imagePullPolicy: 'IfNotPresent', resources: {} }] });
    },
  },
  {
    name: 'Pod: a wrong spec is 422 and names the field',
    run: async (cluster, { namespace }) => {
      const fieldsOf = async (spec: object): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.create(pod(namespace, 'p', {}, spec)), 422, 'Invalid')).fields;
      };
      const container = { name: 'agent', image: 'example.com/agent:1' };
      expect(await fieldsOf({ containers: [] })).toEqual(['spec.containers']);
      expect(await fieldsOf({ containers: [{ ...container, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] })).toEqual([
        'spec.containers[0].volumeMounts[0].name',
      ]);
      expect(await fieldsOf({ containers: [container, container] })).toEqual(['spec.containers[1].name']);
      expect(await fieldsOf({ activeDeadlineSeconds: 0 })).toEqual(['spec.activeDeadlineSeconds']);
    },
  },
  {
    name: 'Pod: $deleteFromPrimitiveList takes one finalizer and leaves the others; again, it changes nothing',
    run: async (cluster, context) => {
      await ok(cluster.create(pod(context.namespace, 'p', { finalizers: ['example.com/a', 'example.com/b'] })));
      const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] } };
      const first = await ok(cluster.patch(at('Pod', context, 'p'), patch, strategic));
      expect(first.metadata.finalizers).toEqual(['example.com/b']);
      const second = await ok(cluster.patch(at('Pod', context, 'p'), patch, strategic));
      expect(second.metadata).toMatchObject({ finalizers: ['example.com/b'], resourceVersion: first.metadata.resourceVersion });
    },
  },
  {
    name: 'Pod: a strategic merge patch adds to finalizers and labels, and null removes',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p', { finalizers: ['example.com/a'], labels: { keep: 'x', drop: 'y' } })));
      const patch = { metadata: { finalizers: ['example.com/b'], labels: { drop: null, add: 'n' } } };
      const { metadata } = await ok(cluster.patch(address, patch, strategic));
      expect([...(metadata.finalizers ?? [])].sort()).toEqual(['example.com/a', 'example.com/b']);
      expect(metadata.labels).toEqual({ keep: 'x', add: 'n' });
    },
  },
  {
    name: 'Pod: a deadline and a deletion with a grace, bound to a version, are done at that one alone; after another it is 409 Conflict',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      const made = await ok(cluster.create(pod(context.namespace, 'p', { finalizers: ['example.com/a'] }, { nodeName: 'elsewhere' })));
      const reported = await ok(cluster.patch(address, { status: { message: 'changed' } }, { ...strategic, subresource: 'status' }));
      const { uid, resourceVersion: before } = made.metadata;
      const deadline = (resourceVersion: string) => ({
        metadata: { uid, resourceVersion, annotations: { 'example.com/why': 'test' } },
        spec: { activeDeadlineSeconds: 1 },
      });
      await refusal(cluster.patch(address, deadline(before), strategic), 409, 'Conflict');
      await refusal(cluster.delete(address, { uid, resourceVersion: before }), 409, 'Conflict');
      const untouched = await ok(cluster.get(address));
      expect(untouched.metadata).toEqual(reported.metadata);
      const ended = await ok(cluster.patch(address, deadline(untouched.metadata.resourceVersion), strategic));
      expect(ended).toMatchObject({ metadata: { generation: 2 }, spec: { activeDeadlineSeconds: 1 } });
      const deleted = await ok(cluster.delete(address, { uid, resourceVersion: ended.metadata.resourceVersion, gracePeriodSeconds: 10 }));
      expect(deleted?.metadata).toMatchObject({ uid, generation: 3, deletionGracePeriodSeconds: 10 });
    },
  },
  {
    name: 'Pod: activeDeadlineSeconds may be set and lowered, with an annotation in the same write, but not raised, removed or 0',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p')));
      const set = { metadata: { annotations: { 'example.com/why': 'test' } }, spec: { activeDeadlineSeconds: 50 } };
      const patched = await ok(cluster.patch(address, set, strategic));
      expect(patched).toMatchObject({
        metadata: { generation: 2, annotations: { 'example.com/why': 'test' } },
        spec: { activeDeadlineSeconds: 50 },
      });
      for (const activeDeadlineSeconds of [60, null, 0]) {
        const { fields } = await refusal(cluster.patch(address, { spec: { activeDeadlineSeconds } }, strategic), 422, 'Invalid');
        expect(fields).toEqual(['spec.activeDeadlineSeconds']);
      }
      const lowered = await ok(cluster.patch(address, { spec: { activeDeadlineSeconds: 1 } }, merge));
      expect(lowered).toMatchObject({ metadata: { generation: 3 }, spec: { activeDeadlineSeconds: 1 } });
    },
  },
  {
    name: 'Pod: nothing else of the spec but images can be changed',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      await ok(cluster.create(pod(context.namespace, 'p')));
      for (const spec of [
        { restartPolicy: 'Always' },
        { terminationGracePeriodSeconds: 5 },
        { containers: [{ name: 'agent', command: ['x'] }] },
      ]) {
        const { fields, message } = await refusal(cluster.patch(address, { spec }, strategic), 422, 'Invalid');
        expect(fields).toEqual(['spec']);
        expect(message).toContain('pod updates may not change fields other than `spec.containers[*].image`');
      }
      const image = { spec: { containers: [{ name: 'agent', image: 'example.com/agent:2' }] } };
      expect((await ok(cluster.patch(address, image, strategic))).metadata.generation).toBe(2);
    },
  },
  {
    name: 'Pod: a patch with another uid is 422, on its status too',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      const metadata = { uid: '00000000-0000-4000-8000-000000000000' };
      await ok(cluster.create(pod(context.namespace, 'p')));
      const deadline = cluster.patch(address, { metadata, spec: { activeDeadlineSeconds: 1 } }, strategic);
      expect((await refusal(deadline, 422, 'Invalid')).fields).toEqual(['metadata.uid']);
      const status = cluster.patch(address, { metadata, status: { phase: 'Running' } }, { ...strategic, subresource: 'status' });
      expect((await refusal(status, 422, 'Invalid')).fields).toEqual(['metadata.uid']);
    },
  },
  {
    name: 'Pod: status is written through its subresource, conditions merged by type; the spec is left alone',
    run: async (cluster, context) => {
      const address = at('Pod', context, 'p');
      const toStatus = { ...strategic, subresource: 'status' } as const;
      await ok(cluster.create(pod(context.namespace, 'p')));
      const condition = (type: string, status: string) => ({ type, status, lastTransitionTime: '2026-01-01T00:00:00Z' });
      const first = { phase: 'Running', conditions: [condition('Initialized', 'True'), condition('Ready', 'True')] };
      await ok(cluster.patch(address, { status: first, spec: { activeDeadlineSeconds: 5 } }, toStatus));
      const second = await ok(cluster.patch(address, { status: { conditions: [condition('Ready', 'False')] } }, toStatus));
      expect(second.metadata.generation).toBe(1);
      expect(second.spec).not.toHaveProperty('activeDeadlineSeconds');
      const conditions = second.status?.conditions as readonly { readonly type: string; readonly status: string }[];
      expect(Object.fromEntries(conditions.map(({ type, status }) => [type, status]))).toEqual({ Initialized: 'True', Ready: 'False' });
    },
  },
];
