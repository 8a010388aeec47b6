import { RESOURCES } from '#core/contract/kinds.ts';
import type { Permission } from '#core/contract/permissions.ts';
import type { Schema } from './structural.ts';

/** Names in the manifests. */
export const CONTROLLER = 'kubeopencode-controller';
export const NAMESPACE = 'kubeopencode-system';

const VERB_ORDER = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;

/** A rule of a Role, and the reasons for its verbs. */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Rules of a Role, one a resource, in the table's order. */
export function roleRules(permissions: readonly Permission[]): readonly RoleRule[] {
  const resources = [...new Set(permissions.map(resourceOf))];
  return resources.map((resource) => {
    const granted = permissions.filter((permission) => resourceOf(permission) === resource);
    const group = granted[0] === undefined ? '' : RESOURCES[granted[0].kind].group;
    return {
      apiGroups: [group],
      resources: [resource],
      verbs: VERB_ORDER.filter((verb) => granted.some((permission) => permission.verb === verb)),
    };
  });
}

/**
 * ServiceAccount, roles and bindings of the controller. What it does in the namespaces of Tasks, what it reads of the whole cluster and what it
 * does in its own namespace are three roles, so that an overlay can bind the first to one namespace.
 */
export function rbacManifests(permissions: readonly Permission[]): readonly Schema[] {
  const inScope = (scope: Permission['scope']) => permissions.filter((permission) => permission.scope === scope);
  const cluster = `${CONTROLLER}-config`;
  const leader = `${CONTROLLER}-leader`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(CONTROLLER, NAMESPACE) },
    role('ClusterRole', metadata(CONTROLLER), inScope(undefined)),
    binding('ClusterRoleBinding', metadata(CONTROLLER), 'ClusterRole', CONTROLLER),
    role('ClusterRole', metadata(cluster), inScope('cluster')),
    binding('ClusterRoleBinding', metadata(cluster), 'ClusterRole', cluster),
    role('Role', metadata(leader, NAMESPACE), inScope('own')),
    binding('RoleBinding', metadata(leader, NAMESPACE), 'Role', leader),
  ];
}

/** The reasons, for the comment above the rules. */
export function reasons(permissions: readonly Permission[]): readonly string[] {
  const rows = permissions.map((permission) => ({ subject: `${permission.verb} ${resourceOf(permission)}`, why: permission.why }));
  const width = Math.max(...rows.map((row) => row.subject.length));
  return rows.map(({ subject, why }) => `${subject.padEnd(width)}  ${why}`);
}

function resourceOf({ kind, subresource }: Permission): string {
  return subresource === undefined ? RESOURCES[kind].plural : `${RESOURCES[kind].plural}/${subresource}`;
}

function metadata(name: string, namespace?: string): Schema {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: { 'app.kubernetes.io/part-of': 'kubeopencode' } };
}

function role(kind: 'ClusterRole' | 'Role', meta: Schema, permissions: readonly Permission[]): Schema {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: meta, rules: roleRules(permissions) };
}

function binding(kind: 'ClusterRoleBinding' | 'RoleBinding', meta: Schema, roleKind: 'ClusterRole' | 'Role', roleName: string): Schema {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: meta,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: roleName },
    subjects: [{ kind: 'ServiceAccount', name: CONTROLLER, namespace: NAMESPACE }],
  };
}
