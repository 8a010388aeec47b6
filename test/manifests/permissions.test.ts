import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import { isActionAllowed, PERMISSIONS, type Subresource, type Verb } from '#core/contract/permissions.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

function rbacIn(file: string): readonly RbacObject[] {
  return parseAllDocuments(readFileSync(`host/manifests/${file}`, 'utf8')).map((document): RbacObject => document.toJS());
}

const clusterWide = rbacIn('base/rbac.yaml');
const singleNamespace = rbacIn('overlays/single-namespace/rbac.yaml');
const objects = [...clusterWide, ...singleNamespace];

/** `verb group/resource` of everything that a role grants. */
function grants(name: string, among = clusterWide): readonly string[] {
  const rules = among.find((object) => object.kind.endsWith('Role') && object.metadata.name === name)?.rules ?? [];
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
  );
}

function wanted(scope: 'own' | 'cluster' | undefined): readonly string[] {
  return PERMISSIONS.filter((permission) => permission.scope === scope).map(({ kind, subresource, verb }) => {
    const { group, plural } = RESOURCES[kind];
    return `${verb} ${group}/${plural}${subresource === undefined ? '' : `/${subresource}`}`;
  });
}

test.each([
  { role: 'kubeopencode-controller', scope: undefined },
  { role: 'kubeopencode-controller-config', scope: 'cluster' as const },
  { role: 'kubeopencode-controller-leader', scope: 'own' as const },
])('$role grants what the table says and no more', ({ role, scope }) => {
  expect([...grants(role)].sort()).toEqual([...wanted(scope)].sort());
  expect(grants(role).length).toBeGreaterThan(0);
});

test('in one namespace it has the same rights there, and none outside', () => {
  expect(singleNamespace.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
  expect(singleNamespace.filter(({ metadata }) => metadata.namespace === undefined)).toEqual([]);
  for (const name of ['kubeopencode-controller', 'kubeopencode-controller-leader'])
    expect(grants(name, singleNamespace)).toEqual(grants(name, clusterWide));
});

test.each([
  ['of a cluster', clusterWide],
  ['of one namespace', singleNamespace],
])('every role %s is bound to the ServiceAccount', (_where, objects) => {
  const accounts = objects
    .filter((object) => object.kind === 'ServiceAccount')
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  expect(accounts).toEqual(['kubeopencode-system/kubeopencode-controller']);
  const roles = objects.filter((object) => object.kind.endsWith('Role')).map((object) => `${object.kind}/${object.metadata.name}`);
  const bindings = objects.filter((object) => object.kind.endsWith('Binding'));
  expect(bindings.map(({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`).sort()).toEqual([...roles].sort());
  for (const { subjects } of bindings) {
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'kubeopencode-controller', namespace: 'kubeopencode-system' }]);
  }
});

test.each(['batch', 'secrets', 'jobs', '*', 'escalate', 'impersonate', 'bind', 'deletecollection', 'pods/exec', 'pods/eviction', 'nodes'])(
  'no role mentions %s',
  (word) => {
    const mentioned = objects
      .flatMap((object) => object.rules ?? [])
      .flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]);
    expect(mentioned.length).toBeGreaterThan(0);
    expect(mentioned).not.toContain(word);
  },
);

test.each<{ verb: Verb; kind: Kind; subresource?: Subresource; allowed: boolean }>([
  { verb: 'create', kind: 'Pod', allowed: true },
  { verb: 'patch', kind: 'Pod', allowed: true },
  { verb: 'delete', kind: 'Pod', allowed: true },
  { verb: 'patch', kind: 'Task', subresource: 'status', allowed: true },
  { verb: 'patch', kind: 'Task', allowed: true },
  { verb: 'delete', kind: 'Task', allowed: true },
  { verb: 'patch', kind: 'Agent', subresource: 'status', allowed: true },
  { verb: 'create', kind: 'Event', allowed: true },
  { verb: 'create', kind: 'ConfigMap', allowed: true },
  { verb: 'create', kind: 'Task', allowed: false },
  { verb: 'patch', kind: 'Pod', subresource: 'status', allowed: false },
  { verb: 'patch', kind: 'Agent', allowed: false },
  { verb: 'delete', kind: 'ConfigMap', allowed: false },
  { verb: 'update', kind: 'Task', subresource: 'finalizers', allowed: false },
  { verb: 'update', kind: 'Lease', allowed: false },
  { verb: 'get', kind: 'Pod', allowed: false },
])('a decision may $verb $kind $subresource: $allowed', ({ verb, kind, subresource, allowed }) => {
  expect(isActionAllowed(verb, kind, subresource)).toBe(allowed);
});

test('no permission stands in the table twice, and each has a reason', () => {
  const keys = PERMISSIONS.map(({ kind, subresource, verb }) => `${verb} ${kind}/${subresource ?? ''}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { why } of PERMISSIONS) expect(why).toMatch(/^[a-z].+[^.]$/);
});
