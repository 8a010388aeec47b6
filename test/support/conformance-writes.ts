import { expect } from 'vitest';
import type { Cluster } from '#host/cluster/cluster.ts';
import { compareResourceVersions } from '#host/cluster/resource-version.ts';
import type { ConformanceCase, ConformanceContext } from './conformance.ts';
import { at, configMap, event, ok, pod, refusal, type Seen, task } from './conformance-kit.ts';

/** Kind and metadata, without what only real API servers keep. */
function metadataOf({ apiVersion, kind, metadata }: Seen): object {
  const { managedFields: _, ...rest } = metadata as Seen['metadata'] & { readonly managedFields?: unknown };
  return { apiVersion, kind, metadata: rest };
}

const merge = { patchType: 'merge' } as const;
const mergeStatus = { patchType: 'merge', subresource: 'status' } as const;

export const writeCases: readonly ConformanceCase[] = [
  {
    name: 'create: the server gives uid, version, time and generation 1, and drops the status',
    run: async (cluster, context) => {
      const created = await ok(cluster.create({ ...task(context.namespace, 'a'), ...{ status: { phase: 'Completed' } } }));
      expect(created.metadata).toMatchObject({ name: 'a', namespace: context.namespace, generation: 1 });
      expect(created.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.status).toBeUndefined();
      expect(await ok(cluster.get(at('Task', context, 'a')))).toEqual(created);
    },
  },
  {
    name: 'create: a name that is taken is 409 AlreadyExists',
    run: async (cluster, { namespace }) => {
      await ok(cluster.create(task(namespace, 'a')));
      const { message } = await refusal(cluster.create(task(namespace, 'a')), 409, 'AlreadyExists');
      expect(message).toBe('tasks.kubeopencode.io "a" already exists');
    },
  },
  {
    name: 'create: a malformed name, label or set of owners is 422 and names the field',
    run: async (cluster, { namespace }) => {
      const fieldsOf = async (object: ReturnType<typeof task>): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.create(object), 422, 'Invalid')).fields;
      };
      expect(await fieldsOf(task(namespace, 'A_b'))).toContain('metadata.name');
      expect(await fieldsOf(task(namespace, 'a'.repeat(254)))).toContain('metadata.name');
      expect(await fieldsOf(task(namespace, 'a', { labels: { long: 'x'.repeat(64) } }))).toContain('metadata.labels');
      expect(await fieldsOf(task(namespace, 'a', { labels: { odd: 'a b' } }))).toContain('metadata.labels');
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', controller: true };
      const ownerReferences = [
        { ...owner, uid: '1' },
        { ...owner, uid: '2' },
      ];
      expect(await fieldsOf(task(namespace, 'a', { ownerReferences }))).toContain('metadata.ownerReferences');
    },
  },
  {
    name: 'what is not there is 404 NotFound for get, patch, status patch and delete',
    run: async (cluster, context) => {
      const address = at('Task', context, 'none');
      expect((await refusal(cluster.get(address), 404, 'NotFound')).message).toBe('tasks.kubeopencode.io "none" not found');
      await refusal(cluster.patch(address, { spec: {} }, merge), 404, 'NotFound');
      await refusal(cluster.patch(address, { status: {} }, mergeStatus), 404, 'NotFound');
      await refusal(cluster.delete(address, {}), 404, 'NotFound');
    },
  },
  {
    name: 'generation: counts changes of the spec only; every write has a higher version',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const created = await ok(cluster.create(task(context.namespace, 'a')));
      const labelled = await ok(cluster.patch(address, { metadata: { labels: { a: 'b' } } }, merge));
      const reported = await ok(cluster.patch(address, { status: { phase: 'Running' } }, mergeStatus));
      const changed = await ok(cluster.patch(address, { spec: { priority: 5 } }, merge));
      expect([created, labelled, reported, changed].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 1, 2]);
      expect(new Set([created, labelled, reported, changed].map(({ metadata }) => metadata.uid)).size).toBe(1);
      const versions = [created, labelled, reported, changed].map(({ metadata }) => metadata.resourceVersion);
      for (const [index, version] of versions.slice(1).entries()) {
        expect(compareResourceVersions(version, versions[index] ?? '')).toBeGreaterThan(0);
      }
    },
  },
  {
    name: 'a patch that changes nothing writes nothing',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      await ok(cluster.create(task(context.namespace, 'a', { labels: { a: 'b' } })));
      const { metadata } = await ok(cluster.patch(address, { status: { phase: 'Running' } }, mergeStatus));
      const again = [
        await ok(cluster.patch(address, { status: { phase: 'Running' } }, mergeStatus)),
        await ok(cluster.patch(address, { metadata: { labels: { a: 'b' } } }, merge)),
        await ok(cluster.patch(address, {}, merge)),
      ];
      expect(again.map((object) => object.metadata.resourceVersion)).toEqual(again.map(() => metadata.resourceVersion));
    },
  },
  ...[task, pod, configMap, event].map((make) => ({
    name: `answer Metadata: kind and metadata of a ${make.name} that was written, and nothing else`,
    run: async (cluster: Cluster, context: ConformanceContext) => {
      const draft = make(context.namespace, 'a', { labels: { a: 'b' }, finalizers: ['example.com/hold'] });
      const address = at(draft.kind, context, 'a');
      const stored = async () => metadataOf(await ok(cluster.get(address)));
      const created = await ok(cluster.create(draft, { answer: 'Metadata' }));
      expect(Object.keys(created).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(metadataOf(created)).toEqual(await stored());
      expect(created.metadata).not.toHaveProperty('managedFields');
      expect(created).toMatchObject({ apiVersion: draft.apiVersion, kind: draft.kind, metadata: { labels: { a: 'b' } } });
      const patch = { metadata: { uid: created.metadata.uid, annotations: { c: 'd' } } };
      const patched = await ok(cluster.patch(address, patch, { ...merge, answer: 'Metadata' }));
      expect(Object.keys(patched).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(metadataOf(patched)).toEqual(await stored());
      expect(patched.metadata).toMatchObject({ annotations: { c: 'd' } });
      const held = await ok(cluster.delete(address, { uid: created.metadata.uid, answer: 'Metadata' }));
      expect(Object.keys(held ?? {}).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(held?.metadata.deletionTimestamp).toBeDefined();
      expect(metadataOf(held as Seen)).toEqual(await stored());
      const released = await ok(cluster.patch(address, { metadata: { finalizers: null } }, { ...merge, answer: 'Metadata' }));
      expect(released.metadata.finalizers).toBeUndefined();
      await ok(cluster.create(make(context.namespace, 'b'), { answer: 'Metadata' }));
      expect(await ok(cluster.delete(at(draft.kind, context, 'b'), { answer: 'Metadata' }))).toBeNull();
      await refusal(cluster.create(make(context.namespace, 'A_b'), { answer: 'Metadata' }), 422, 'Invalid');
      await refusal(cluster.delete(at(draft.kind, context, 'b'), { answer: 'Metadata' }), 404, 'NotFound');
    },
  })),
  {
    name: 'answer Metadata: of a status that was written, too',
    run: async (cluster, context) => {
      for (const draft of [task(context.namespace, 'a'), pod(context.namespace, 'a')]) {
        const address = at(draft.kind, context, 'a');
        await ok(cluster.create(draft));
        const reported = await ok(cluster.patch(address, { status: { message: 'hello' } }, { ...mergeStatus, answer: 'Metadata' }));
        expect(Object.keys(reported).toSorted()).toEqual(['apiVersion', 'kind', 'metadata']);
        const stored = await ok(cluster.get(address));
        expect(stored.status).toMatchObject({ message: 'hello' });
        expect(metadataOf(reported)).toEqual(metadataOf(stored));
      }
    },
  },
  {
    name: 'status subresource: each side takes its own part and ignores the other',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      await ok(cluster.create(task(context.namespace, 'a')));
      const both = { metadata: { labels: { a: 'b' } }, spec: { priority: 7 }, status: { phase: 'Running' } };
      const reported = await ok(cluster.patch(address, both, mergeStatus));
      expect(reported.status).toEqual({ phase: 'Running' });
      expect(reported.spec).not.toHaveProperty('priority');
      expect(reported.metadata).not.toHaveProperty('labels');
      const changed = await ok(cluster.patch(address, { ...both, status: { phase: 'Failed' } }, merge));
      expect(changed).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { priority: 7 }, status: { phase: 'Running' } });
    },
  },
  {
    name: 'a kind without status subresource has none: 404',
    run: async (cluster, context) => {
      await ok(cluster.create(configMap(context.namespace, 'a')));
      await refusal(cluster.patch(at('ConfigMap', context, 'a'), { status: {} }, mergeStatus), 404, 'NotFound');
    },
  },
  {
    name: 'merge patch: null removes, maps merge, lists are replaced whole',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      await ok(cluster.create(task(context.namespace, 'a', { labels: { keep: 'x', drop: 'y' }, annotations: { only: 'z' } })));
      const labelled = await ok(
        cluster.patch(address, { metadata: { labels: { drop: null, add: 'n' }, annotations: { only: null } } }, merge),
      );
      expect(labelled.metadata.labels).toEqual({ keep: 'x', add: 'n' });
      expect(labelled.metadata).not.toHaveProperty('annotations');
      const condition = (type: string): Record<string, unknown> => {
        return { type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
      };
      const lists = { phase: 'Running', conditions: [condition('A'), condition('B')], times: { queued: '2026-01-01T00:00:00.000Z' } };
      await ok(cluster.patch(address, { status: lists }, mergeStatus));
      const times = { running: '2026-01-01T00:00:01.000Z', queued: null };
      const replaced = await ok(cluster.patch(address, { status: { conditions: [condition('C')], times, message: null } }, mergeStatus));
      expect(replaced.status).toEqual({ phase: 'Running', conditions: [condition('C')], times: { running: '2026-01-01T00:00:01.000Z' } });
      const emptied = await ok(cluster.patch(address, { status: { conditions: null, times: { running: null } } }, mergeStatus));
      expect(emptied.status).toEqual({ phase: 'Running', times: {} });
    },
  },
  {
    name: 'a patch that names an old version is 409 Conflict, on the object and on its status',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const { metadata } = await ok(cluster.create(task(context.namespace, 'a')));
      const { resourceVersion } = metadata;
      const current = await ok(cluster.patch(address, { metadata: { resourceVersion }, status: { phase: 'Running' } }, mergeStatus));
      await refusal(cluster.patch(address, { metadata: { resourceVersion }, spec: { priority: 1 } }, merge), 409, 'Conflict');
      const { message } = await refusal(
        cluster.patch(address, { metadata: { resourceVersion }, status: { phase: 'Failed' } }, mergeStatus),
        409,
        'Conflict',
      );
      expect(message).toContain('the object has been modified; please apply your changes to the latest version and try again');
      const version = current.metadata.resourceVersion;
      await ok(cluster.patch(address, { metadata: { resourceVersion: version }, spec: { priority: 1 } }, merge));
    },
  },
  {
    name: 'a patch with another uid is 422 on the object; on the status of a custom resource it is not looked at',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const { metadata } = await ok(cluster.create(task(context.namespace, 'a')));
      const uid = '00000000-0000-4000-8000-000000000000';
      const { fields } = await refusal(cluster.patch(address, { metadata: { uid }, spec: { priority: 1 } }, merge), 422, 'Invalid');
      expect(fields).toContain('metadata.uid');
      await ok(cluster.patch(address, { metadata: { uid: metadata.uid }, spec: { priority: 1 } }, merge));
      const reported = await ok(cluster.patch(address, { metadata: { uid }, status: { phase: 'Running' } }, mergeStatus));
      expect(reported).toMatchObject({ metadata: { uid: metadata.uid }, status: { phase: 'Running' } });
    },
  },
  {
    name: 'what the system owns can’t be patched: name and namespace 400, deletionTimestamp 422, generation and creationTimestamp ignored',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const created = await ok(cluster.create(task(context.namespace, 'a')));
      await refusal(cluster.patch(address, { metadata: { name: 'b' } }, merge), 400, 'BadRequest');
      await refusal(cluster.patch(address, { metadata: { namespace: 'elsewhere' } }, merge), 400, 'BadRequest');
      const deletion = { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } };
      expect((await refusal(cluster.patch(address, deletion, merge), 422, 'Invalid')).fields).toContain('metadata.deletionTimestamp');
      const ours = { generation: 44, creationTimestamp: '2020-01-01T00:00:00Z' };
      const { metadata } = await ok(cluster.patch(address, { metadata: ours }, merge));
      expect(metadata).toMatchObject({ generation: 1, creationTimestamp: created.metadata.creationTimestamp });
      expect(metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    },
  },
  {
    name: 'custom resources take no strategic merge patch: 415',
    run: async (cluster, context) => {
      await ok(cluster.create(task(context.namespace, 'a')));
      const patch = cluster.patch(at('Task', context, 'a'), { metadata: { labels: { a: 'b' } } }, { patchType: 'strategic' });
      await refusal(patch, 415, 'UnsupportedMediaType');
    },
  },
  {
    name: 'replace of a Lease: needs the current version; what is not there is created',
    run: async (cluster, { namespace }) => {
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', namespace } } as const;
      const spec = (holderIdentity: string): Record<string, unknown> => ({ spec: { holderIdentity, leaseDurationSeconds: 15 } });
      const created = await ok(cluster.create({ ...lease, ...spec('one') }));
      const withVersion = (resourceVersion: string) => ({ ...lease, metadata: { ...lease.metadata, resourceVersion } });
      const { fields } = await refusal(cluster.replace({ ...lease, ...spec('two') }), 422, 'Invalid');
      expect(fields).toContain('metadata.resourceVersion');
      const replaced = await ok(cluster.replace({ ...withVersion(created.metadata.resourceVersion), ...spec('two') }));
      expect(replaced).toMatchObject({ metadata: { uid: created.metadata.uid }, spec: { holderIdentity: 'two' } });
      await refusal(cluster.replace({ ...withVersion(created.metadata.resourceVersion), ...spec('three') }), 409, 'Conflict');
      const other = { ...lease, metadata: { name: 'other', namespace, resourceVersion: '1' } };
      expect(await ok(cluster.replace({ ...other, ...spec('four') }))).toMatchObject({ spec: { holderIdentity: 'four' } });
    },
  },
];
