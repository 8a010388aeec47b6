import { RESOURCES } from '#core/contract/kinds.ts';
import type { Permission } from '#core/contract/permissions.ts';
import type { Schema } from './structural.ts';

/** Names in the manifests. */
export const CONTROLLER = 'kubeopencode-controller';
export const NAMESPACE = 'kubeopencode-system';

const LABELS = {
  'app.kubernetes.io/name': CONTROLLER,
  'app.kubernetes.io/component': 'controller',
  'app.kubernetes.io/part-of': 'kubeopencode',
} as const;

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

/** Permissions of one scope: in every namespace that the host works in, of the whole cluster, or in its own namespace. */
export function inScope(permissions: readonly Permission[], scope: Permission['scope']): readonly Permission[] {
  return permissions.filter((permission) => permission.scope === scope);
}

/**
 * ServiceAccount, roles and bindings of the controller of a whole cluster. What it does in the namespaces of Tasks, what it reads of the cluster
 * and what it does in its own namespace are three roles.
 */
export function rbacManifests(permissions: readonly Permission[]): readonly Schema[] {
  const cluster = `${CONTROLLER}-config`;
  return [
    account(),
    role('ClusterRole', metadata(CONTROLLER), inScope(permissions, undefined)),
    binding('ClusterRoleBinding', metadata(CONTROLLER), 'ClusterRole', CONTROLLER),
    role('ClusterRole', metadata(cluster), inScope(permissions, 'cluster')),
    binding('ClusterRoleBinding', metadata(cluster), 'ClusterRole', cluster),
    ...leaderRole(permissions),
  ];
}

/** The same for a controller that works in its own namespace only and has no right to anything of the cluster. */
export function namespacedRbacManifests(permissions: readonly Permission[]): readonly Schema[] {
  return [
    account(),
    role('Role', metadata(CONTROLLER, NAMESPACE), inScope(permissions, undefined)),
    binding('RoleBinding', metadata(CONTROLLER, NAMESPACE), 'Role', CONTROLLER),
    ...leaderRole(permissions),
  ];
}

/**
 * What an admin of a namespace must have to install a controller there: nobody may grant what he has not. Kubernetes adds it to its own role
 * `admin`.
 */
export function namespaceAdminRole(permissions: readonly Permission[]): Schema {
  const labels = { 'app.kubernetes.io/part-of': 'kubeopencode', 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' };
  return role('ClusterRole', { name: 'kubeopencode-install', labels }, [
    ...inScope(permissions, undefined),
    ...inScope(permissions, 'own'),
  ]);
}

/** Its token is mounted where the Pod says so, not in every Pod that takes this account. */
function account(): Schema {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(CONTROLLER, NAMESPACE),
    automountServiceAccountToken: false,
  };
}

function leaderRole(permissions: readonly Permission[]): readonly Schema[] {
  const leader = `${CONTROLLER}-leader`;
  return [
    role('Role', metadata(leader, NAMESPACE), inScope(permissions, 'own')),
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
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: LABELS };
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
