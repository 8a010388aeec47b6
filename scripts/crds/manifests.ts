import { stringify } from 'yaml';
import { RESOURCES } from '#core/contract/kinds.ts';
import { PERMISSIONS } from '#core/contract/permissions.ts';
import { chartFiles } from '../helm/chart.ts';
import { customResourceDefinition } from './definition.ts';
import { DEFINITIONS } from './definitions.ts';
import { namespaceAdminRole, namespacedRbacManifests, rbacManifests, reasons } from './rbac.ts';
import type { Schema } from './structural.ts';

/** Folder that holds nothing but generated CRDs, below the root of the repository. */
export const CRD_FOLDER = 'host/manifests/base/crds';

const TABLE = 'core/contract/permissions.ts';

/** Every generated manifest: path below the root of the repository, and its text. */
export function generatedManifests(): ReadonlyMap<string, string> {
  const crds = DEFINITIONS.map((definition) => {
    const { group, plural } = RESOURCES[definition.kind];
    return [`${CRD_FOLDER}/${group}_${plural}.yaml`, document('core/api', [], [customResourceDefinition(definition)])] as const;
  });
  const inChart = DEFINITIONS.map(
    (definition) => [`${RESOURCES[definition.kind].plural}.yaml`, customResourceDefinition(definition)] as const,
  );
  return new Map([
    ...crds,
    ...chartFiles(new Map(inChart)),
    ['host/manifests/base/rbac.yaml', document(TABLE, reasons(PERMISSIONS), rbacManifests(PERMISSIONS))],
    [
      'host/manifests/overlays/single-namespace/rbac.yaml',
      document(TABLE, reasons(PERMISSIONS.filter(({ scope }) => scope !== 'cluster')), namespacedRbacManifests(PERMISSIONS)),
    ],
    ['host/manifests/namespace-admins/role.yaml', document(TABLE, NAMESPACE_ADMINS, [namespaceAdminRole(PERMISSIONS)])],
  ]);
}

const NAMESPACE_ADMINS = [
  'For the overlay single-namespace: whoever is admin of a namespace may install a controller in it. Applied once, by an admin of the cluster.',
];

function document(source: string, notes: readonly string[], objects: readonly Schema[]): string {
  const header = [`Generated from ${source} by "npm run crds"; do not edit.`, ...notes].map((line) => `# ${line}\n`).join('');
  // Long lines stay whole and nothing becomes an alias, so that a diff shows what changed and no more.
  return header + objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}
