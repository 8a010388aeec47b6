import { PERMISSIONS, type Permission } from '#core/contract/permissions.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { inScope } from '../crds/rbac.ts';
import type { Schema } from '../crds/structural.ts';
import { deploymentTemplate, identity } from './chart/deployment.ts';
import { chartGuide, notes } from './chart/guide.ts';
import { helpers } from './chart/helpers.ts';
import { releasePodsTemplate } from './chart/release-pods.ts';
import { rbacTemplate } from './chart/roles.ts';
import { readSources, type Sources } from './chart/sources.ts';
import { block, lines, scalar, spaces, templated, yaml } from './chart/template.ts';
import { valuesSchema, valuesYaml } from './chart/values.ts';
import { valuesOf } from './chart/values-table.ts';

/** Folder of the chart, below the root of the repository. Nothing in it is written by hand. */
export const CHART_FOLDER = 'host/manifests/chart';

/** Every file of the chart: path below the root of the repository, and its text. Made of what kustomize builds from, so both install the same. */
export function chartFiles(crds: ReadonlyMap<string, Schema>): ReadonlyMap<string, string> {
  const sources = readSources();
  const values = valuesOf(sources);
  const templates: readonly (readonly [string, string])[] = [
    ...[...crds].map(([name, crd]) => [`crds/${name}`, crdTemplate(crd)] as const),
    ['_helpers.tpl', helpers(permissionsOf(PERMISSIONS))],
    ['rbac.yaml', rbacTemplate()],
    ['user-roles.yaml', userRolesTemplate(sources)],
    ['metrics-auth.yaml', metricsAuthTemplate(sources)],
    ['deployment.yaml', deploymentTemplate(sources)],
    ['metrics-service.yaml', metricsServiceTemplate(sources)],
    ['network-policy.yaml', networkPolicyTemplate(sources)],
    ['pod-disruption-budget.yaml', podDisruptionBudgetTemplate(sources)],
    ['release-pods.yaml', releasePodsTemplate(sources)],
    ['NOTES.txt', notes()],
  ];
  const files: readonly (readonly [string, string])[] = [
    ['Chart.yaml', GENERATED + chartYaml()],
    ['values.yaml', GENERATED + valuesYaml(values)],
    ['values.schema.json', valuesSchema(values)],
    ['README.md', chartGuide(values)],
    ...templates.map(([name, text]) => [`templates/${name}`, text] as const),
  ];
  return new Map(files.map(([name, text]) => [`${CHART_FOLDER}/${name}`, text]));
}

const GENERATED = '# Generated from host/manifests and scripts/helm by "npm run crds"; do not edit.\n';

function permissionsOf(permissions: readonly Permission[]): Parameters<typeof helpers>[0] {
  const inTaskNamespaces = inScope(permissions, undefined);
  const toRelease = inTaskNamespaces.filter(
    ({ kind, subresource, verb }) => kind === 'Pod' && subresource === undefined && ['list', 'patch'].includes(verb),
  );
  return { inTaskNamespaces, ofCluster: inScope(permissions, 'cluster'), inOwnNamespace: inScope(permissions, 'own'), toRelease };
}

function chartYaml(): string {
  return yaml({
    apiVersion: 'v2',
    name: 'kubeopencode-runtime',
    description: packageJson.description,
    type: 'application',
    version: packageJson.version,
    appVersion: packageJson.version,
    kubeVersion: '>=1.33.0-0',
    keywords: ['kubeopencode', 'opencode', 'agents'],
    annotations: { 'artifacthub.io/license': packageJson.license },
  });
}

/** In templates, so that an upgrade brings them up to date, which Helm does not do for its own folder of CRDs. */
function crdTemplate(crd: Schema): string {
  const metadata = { ...(crd.metadata as Schema), annotations: { 'helm.sh/resource-policy': 'keep' } };
  return `{{- if .Values.crds.install }}\n${templated({ ...crd, metadata }, [])}{{- end }}\n`;
}

function userRolesTemplate({ userRoles }: Sources): string {
  const made = userRoles.map((role) => {
    const { labels } = role.metadata as { readonly labels: Readonly<Record<string, string>> };
    return templated(role, [
      lines(['metadata', 'labels'], (indent) => [
        'labels:',
        `  {{- include "kubeopencode.chartLabels" . | nindent ${indent + 2} }}`,
        ...Object.entries(labels).map(([name, value]) => `${spaces(2)}${name}: "${value}"`),
      ]),
    ]);
  });
  return `{{- if .Values.userRoles.create }}\n${made.join('---\n')}{{- end }}\n`;
}

/** The rights to ask the API server who somebody is, and the roles for those who may read. */
function metricsAuthTemplate({ metricsAuth }: Sources): string {
  const made = metricsAuth.roles.map((role) => {
    const edits = [
      lines(['metadata', 'labels'], (indent) => [
        'labels:',
        '  app.kubernetes.io/part-of: kubeopencode',
        `  {{- include "kubeopencode.chartLabels" . | nindent ${indent + 2} }}`,
      ]),
    ];
    const ofController = `{{ include "kubeopencode.fullname" . }}-reviews`;
    if (!String((role.metadata as Schema).name).endsWith('-reviews')) return templated(role, edits);
    const name = ({ lead }: { readonly lead: string }): readonly string[] => [`${lead}${ofController}`];
    const bound = [
      { path: ['roleRef', 'name'], lines: name },
      scalar(['subjects', 0, 'name'], 'include "kubeopencode.serviceAccountName" .'),
      scalar(['subjects', 0, 'namespace'], '.Release.Namespace'),
    ];
    return templated(role, [...edits, { path: ['metadata', 'name'], lines: name }, ...(role.kind === 'ClusterRoleBinding' ? bound : [])]);
  });
  return `{{- if .Values.metrics.auth.enabled }}\n${made.join('---\n')}{{- end }}\n`;
}

function metricsServiceTemplate({ metricsService }: Sources): string {
  const text = templated(metricsService, [...identity('-metrics'), block(['spec', 'selector'], 'include "kubeopencode.selectorLabels" .')]);
  return `{{- if .Values.metrics.enabled }}\n${text}{{- end }}\n`;
}

function networkPolicyTemplate({ networkPolicy }: Sources): string {
  const text = templated(networkPolicy, [
    ...identity(),
    block(['spec', 'podSelector', 'matchLabels'], 'include "kubeopencode.selectorLabels" .'),
    block(['spec', 'ingress', 0, 'from'], 'toYaml .Values.networkPolicy.metricsFrom'),
    block(['spec', 'egress'], 'toYaml .Values.networkPolicy.egress'),
  ]);
  return `{{- if .Values.networkPolicy.enabled }}\n${text}{{- end }}\n`;
}

function podDisruptionBudgetTemplate({ podDisruptionBudget }: Sources): string {
  const text = templated(podDisruptionBudget, [
    ...identity(),
    scalar(['spec', 'maxUnavailable'], '1'),
    block(['spec', 'selector', 'matchLabels'], 'include "kubeopencode.selectorLabels" .'),
  ]);
  return `{{- if and .Values.podDisruptionBudget.enabled (gt (int .Values.replicas) 1) }}\n${text}{{- end }}\n`;
}
