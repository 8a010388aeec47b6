import { expect } from 'vitest';
import type { ConformanceCase } from './conformance.ts';
import { at, configMap, type Fields, ok, refusal } from './conformance-kit.ts';

const merge = { patchType: 'merge' } as const;
const MEBIBYTE = 1_048_576;

function event(namespace: string, name: string, more: Fields = {}) {
  const fields = {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/controller',
    reportingInstance: 'controller-1',
    action: 'CreatePod',
    reason: 'PodCreated',
    type: 'Normal',
    note: 'Created pod a',
    regarding: { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', namespace, name: 'a', uid: 'some' },
  };
  return { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name, namespace }, ...fields, ...more } as const;
}

export const builtinCases: readonly ConformanceCase[] = [
  {
    name: 'ConfigMap: at most 1 MiB in all its values, and keys that can be files',
    run: async (cluster, context) => {
      const { namespace } = context;
      const create = (data: Fields, more: Fields = {}) => cluster.create({ ...configMap(namespace, 'a'), ...{ data }, ...more });
      await refusal(create({ a: 'x'.repeat(MEBIBYTE + 1) }), 422, 'Invalid');
      await refusal(create({ a: 'x'.repeat(MEBIBYTE / 2), b: 'é'.repeat(MEBIBYTE / 4), c: 'x' }), 422, 'Invalid');
      expect((await refusal(create({ 'a/b': '' }), 422, 'Invalid')).fields).toEqual(['data[a/b]']);
      expect((await refusal(create({ '..a': '' }), 422, 'Invalid')).fields).toEqual(['data[..a]']);
      expect((await refusal(create({ a: '' }, { binaryData: { a: '' } }), 422, 'Invalid')).fields).toEqual(['data[a]']);
      await ok(create({ a: 'x'.repeat(MEBIBYTE) }));
      await refusal(cluster.patch(at('ConfigMap', context, 'a'), { data: { b: 'x' } }, merge), 422, 'Invalid');
    },
  },
  {
    name: 'ConfigMap: what is immutable stays, but its labels can be changed',
    run: async (cluster, context) => {
      const address = at('ConfigMap', context, 'a');
      await ok(cluster.create({ ...configMap(context.namespace, 'a'), ...{ data: { a: '1' }, immutable: true } }));
      expect((await refusal(cluster.patch(address, { data: { a: '2' } }, merge), 422, 'Invalid')).fields).toEqual(['data']);
      expect((await refusal(cluster.patch(address, { immutable: null }, merge), 422, 'Invalid')).fields).toEqual(['immutable']);
      await ok(cluster.patch(address, { metadata: { labels: { a: 'b' } } }, merge));
    },
  },
  {
    name: 'Event: the same name again is 409, so that saying a thing twice leaves one',
    run: async (cluster, context) => {
      const first = await ok(cluster.create(event(context.namespace, 'a.1')));
      const { message } = await refusal(cluster.create(event(context.namespace, 'a.1', { note: 'again' })), 409, 'AlreadyExists');
      expect(message).toBe('events.events.k8s.io "a.1" already exists');
      expect(await ok(cluster.get(at('Event', context, 'a.1')))).toMatchObject({
        note: 'Created pod a',
        metadata: { uid: first.metadata.uid },
      });
    },
  },
  {
    name: 'Event: what it says must be whole, short enough, and about something of its namespace',
    run: async (cluster, { namespace }) => {
      const fieldsOf = async (more: Fields): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.create(event(namespace, 'a', more)), 422, 'Invalid')).fields;
      };
      for (const field of ['reportingController', 'reportingInstance', 'action', 'reason'])
        expect(await fieldsOf({ [field]: '' })).toContain(field);
      expect(await fieldsOf({ eventTime: undefined })).toContain('eventTime');
      expect(await fieldsOf({ type: 'Bad' })).toEqual(['type']);
      expect(await fieldsOf({ reason: 'x'.repeat(129) })).toEqual(['reason']);
      expect(await fieldsOf({ note: 'x'.repeat(1_025) })).toEqual(['message']);
      expect(await fieldsOf({ regarding: { kind: 'Task', name: 'a' } })).toEqual(['involvedObject.namespace']);
      await ok(cluster.create(event(namespace, 'a', { note: 'x'.repeat(1_024) })));
    },
  },
  {
    name: 'Lease: a duration of at least 1 s',
    run: async (cluster, { namespace }) => {
      const lease = (spec: Fields) => {
        return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', namespace }, ...{ spec } } as const;
      };
      const { fields } = await refusal(cluster.create(lease({ leaseDurationSeconds: 0, leaseTransitions: -1 })), 422, 'Invalid');
      expect(fields).toEqual(['spec.leaseDurationSeconds', 'spec.leaseTransitions']);
      await ok(cluster.create(lease({ leaseDurationSeconds: 1, leaseTransitions: 0 })));
    },
  },
];
