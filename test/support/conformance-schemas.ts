import { expect } from 'vitest';
import type { Cluster } from '#host/cluster/cluster.ts';
import type { ConformanceCase, ConformanceContext } from './conformance.ts';
import { at, type Fields, ok, refusal, task } from './conformance-kit.ts';

const merge = { patchType: 'merge' } as const;
const mergeStatus = { patchType: 'merge', subresource: 'status' } as const;

/** What the CRDs of our kinds do beyond an API server's own rules. */
export const schemaCases: readonly ConformanceCase[] = [
  {
    name: 'CRD: a spec that breaks the schema or a rule is 422 and names the field',
    run: async (cluster, { namespace }) => {
      const fieldsOf = async (spec: Fields): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.create(task(namespace, 'a', {}, spec)), 422, 'Invalid')).fields;
      };
      for (const timeout of ['1 hour', '', '5', '2562048h', 'h']) expect(await fieldsOf({ timeout }), timeout).toContain('spec.timeout');
      expect(await fieldsOf({ timeout: '1'.repeat(33) })).toContain('spec.timeout');
      expect(await fieldsOf({ timeout: 60 })).toContain('spec.timeout');
      // A wrong type keeps the rules from being checked, and that is said too.
      expect(await fieldsOf({ suspend: 'yes', timeout: 'soon' })).toEqual(['spec.suspend', '<nil>']);
      expect(await fieldsOf({ priority: 1.5 })).toContain('spec.priority');
      // No field: that is how the API server says that an integer is too large for its format.
      expect(await fieldsOf({ priority: 2 ** 31 })).toEqual(['<nil>']);
      expect(await fieldsOf({ stop: { mode: 'Kill' } })).toContain('spec.stop.mode');
      expect(await fieldsOf({ cleanup: { ttlSecondsAfterFinished: -1 } })).toContain('spec.cleanup.ttlSecondsAfterFinished');
      expect(await fieldsOf({ managedBy: 'nobody' })).toContain('spec.managedBy');
      expect(await fieldsOf({ agentRef: { name: 'ann' } })).toContain('spec');
      expect(await fieldsOf({ templateRef: undefined })).toContain('spec');
      expect(await fieldsOf({ templateRef: {} })).toContain('spec.templateRef.name');
      const { message } = await refusal(cluster.create(task(namespace, 'a', {}, { timeout: '1 hour' })), 422, 'Invalid');
      expect(message).toMatch(
        /^Task.kubeopencode.io "a" is invalid: spec.timeout: Invalid value: "1 hour": must be a duration such as 90s, 30m or 1h30m/,
      );
    },
  },
  {
    name: 'CRD: what it does not know is dropped, and what has a default gets it',
    run: async (cluster, context) => {
      const contexts = [{ name: 'c', type: 'Git', mountPath: 'c', git: { repository: 'https://example.com/a.git', branch: 'x' }, more: 1 }];
      const created = await ok(
        cluster.create(task(context.namespace, 'a', {}, { contexts, colour: 'red', stop: { mode: 'Retain', fast: true } })),
      );
      expect(created.spec).not.toHaveProperty('colour');
      expect(created.spec?.stop).toEqual({ mode: 'Retain' });
      const kept = [{ name: 'c', type: 'Git', mountPath: 'c', git: { repository: 'https://example.com/a.git', ref: 'HEAD', depth: 1 } }];
      expect(created.spec?.contexts).toEqual(kept);
      const patched = await ok(cluster.patch(at('Task', context, 'a'), { spec: { colour: 'blue' } }, merge));
      expect(patched.metadata).toMatchObject({ generation: 1, resourceVersion: created.metadata.resourceVersion });
      const reported = await ok(cluster.patch(at('Task', context, 'a'), { status: { phase: 'Running', mood: 'good' } }, mergeStatus));
      expect(reported.status).toEqual({ phase: 'Running' });
    },
  },
  {
    name: 'CRD: a change is judged too, and leaves the object as it was when it is refused',
    run: async (cluster, context) => {
      const address = at('Task', context, 'a');
      const { metadata } = await ok(cluster.create(task(context.namespace, 'a')));
      const fieldsOf = async (spec: Fields): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.patch(address, { spec }, merge), 422, 'Invalid')).fields;
      };
      expect(await fieldsOf({ timeout: 'soon' })).toContain('spec.timeout');
      expect(await fieldsOf({ templateRef: null })).toContain('spec');
      expect(await fieldsOf({ contexts: [{ name: 'a' }] })).toEqual(
        expect.arrayContaining([expect.stringMatching(/^spec\.contexts\[0\]/)]),
      );
      expect((await ok(cluster.get(address))).metadata.resourceVersion).toBe(metadata.resourceVersion);
    },
  },
  {
    name: 'CRD: a status is judged as a spec is',
    run: async (cluster, context) => {
      await ok(cluster.create(task(context.namespace, 'a')));
      const fieldsOf = async (status: Fields): Promise<readonly string[] | undefined> => {
        return (await refusal(cluster.patch(at('Task', context, 'a'), { status }, mergeStatus), 422, 'Invalid')).fields;
      };
      expect(await fieldsOf({ phase: 'Sleeping' })).toContain('status.phase');
      expect(await fieldsOf({ conditions: [{ type: 'A', status: 'True' }] })).toEqual(
        expect.arrayContaining(['status.conditions[0].lastTransitionTime', 'status.conditions[0].message', 'status.conditions[0].reason']),
      );
      expect(await fieldsOf({ attempts: Array.from({ length: 11 }, (_, index) => ({ number: index + 1 })) })).toContain('status.attempts');
      expect(await fieldsOf({ message: 'x'.repeat(4_097) })).toContain('status.message');
    },
  },
  {
    name: 'CRD: managedBy can be given at creation and never after',
    run: async (cluster, context) => {
      await ok(cluster.create(task(context.namespace, 'ours')));
      await ok(cluster.create(task(context.namespace, 'theirs', {}, { managedBy: 'example.com/other' })));
      for (const [name, managedBy] of [
        ['ours', 'example.com/other'],
        ['theirs', 'example.com/third'],
        ['theirs', null],
      ] as const) {
        expect(await managedByFields(cluster, context, name, managedBy)).toContain('spec.managedBy');
      }
      await ok(cluster.patch(at('Task', context, 'theirs'), { spec: { managedBy: 'example.com/other', priority: 1 } }, merge));
    },
  },
  {
    name: 'CRD: lists within lists are replaced whole by a merge patch, and a set may not hold the same twice',
    run: async (cluster, context) => {
      const address = at('Agent', context, 'a');
      const { namespace } = context;
      const base = { profile: 'p', workspaceDir: '/w', serviceAccountName: 's' };
      const skill = (name: string, names: readonly string[]): Fields => ({ name, git: { repository: 'https://example.com/s.git', names } });
      const agent = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Agent', metadata: { name: 'a', namespace } } as const;
      await ok(cluster.create({ ...agent, ...{ spec: { ...base, skills: [skill('one', ['x', 'y']), skill('two', ['z'])] } } }));
      const changed = await ok(cluster.patch(address, { spec: { skills: [skill('one', ['y'])] } }, merge));
      expect(changed.spec?.skills).toEqual([{ name: 'one', git: expect.objectContaining({ names: ['y'] }) }]);
      const twice = cluster.patch(address, { spec: { skills: [skill('one', ['x', 'x'])] } }, merge);
      expect((await refusal(twice, 422, 'Invalid')).fields).toContain('spec.skills[0].git.names[1]');
    },
  },
];

async function managedByFields(
  cluster: Cluster,
  context: ConformanceContext,
  name: string,
  managedBy: string | null,
): Promise<readonly string[] | undefined> {
  const patch = cluster.patch(at('Task', context, name), { spec: { managedBy } }, merge);
  return (await refusal(patch, 422, 'Invalid')).fields;
}
