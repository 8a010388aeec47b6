import type { Sources } from './sources.ts';
import { block, type Edit, lines, optional, scalar, spaces, templated, yaml } from './template.ts';

const POD = ['spec', 'template', 'spec'] as const;
const CONTAINER = [...POD, 'containers', 0] as const;

/** Name, namespace and labels of an object; `suffix` as in `-metrics`. */
export function identity(suffix = ''): readonly Edit[] {
  return [
    scalar(['metadata', 'name'], `include "kubeopencode.fullname" .`),
    scalar(['metadata', 'namespace'], '.Release.Namespace'),
    block(['metadata', 'labels'], 'include "kubeopencode.labels" .'),
  ].map((edit, index) =>
    index === 0 && suffix !== '' ? { ...edit, lines: ({ lead }) => [`${lead}{{ include "kubeopencode.fullname" . }}${suffix}`] } : edit,
  );
}

/** templates/deployment.yaml */
export function deploymentTemplate({ deployment, spread, journal, metricsAuth }: Sources): string {
  const { affinity, topologySpreadConstraints } = spread.spec.template.spec;
  const journalFolder = journal.operations
    .map(({ value }) => value)
    .find((value) => typeof value === 'string' && value.startsWith('--journal='));
  const journalVolume = listed(journal.volumes).map((line) =>
    line.replace(/sizeLimit: .*/, 'sizeLimit: {{ .Values.journal.volumeSizeLimit }}'),
  );
  const certificate = listed(metricsAuth.volumes).map((line) =>
    line.replace(/secretName: .*/, 'secretName: {{ .Values.metrics.auth.tlsSecretName }}'),
  );
  const authEnv = listed(metricsAuth.operations.map(({ value }) => value));
  return templated(deployment, [
    ...identity(),
    scalar(['spec', 'replicas'], '.Values.replicas'),
    block(['spec', 'selector', 'matchLabels'], 'include "kubeopencode.selectorLabels" .'),
    lines(['spec', 'template', 'metadata', 'labels'], (indent) => [
      'labels:',
      `  {{- include "kubeopencode.podLabels" . | nindent ${indent + 2} }}`,
      '  {{- with .Values.podLabels }}',
      `  {{- toYaml . | nindent ${indent + 2} }}`,
      '  {{- end }}',
    ]),
    lines(['spec', 'template', 'metadata', 'annotations'], (indent) => [
      'annotations:',
      '  kubectl.kubernetes.io/default-container: controller',
      '  {{- with .Values.podAnnotations }}',
      `  {{- toYaml . | nindent ${indent + 2} }}`,
      '  {{- end }}',
    ]),
    scalar([...POD, 'serviceAccountName'], 'include "kubeopencode.serviceAccountName" .'),
    block([...POD, 'securityContext'], 'toYaml .Values.podSecurityContext'),
    optional([...POD, 'imagePullSecrets'], '.Values.imagePullSecrets'),
    lines([...POD, 'priorityClassName'], () => ['{{- with .Values.priorityClassName }}', 'priorityClassName: {{ . }}', '{{- end }}']),
    optional([...POD, 'nodeSelector'], '.Values.nodeSelector'),
    optional([...POD, 'tolerations'], '.Values.tolerations'),
    ownOrSpread('affinity', affinity),
    ownOrSpread('topologySpreadConstraints', topologySpreadConstraints),
    optionalLists([...POD, 'volumes'], 'volumes', journalVolume, certificate),
    scalar([...CONTAINER, 'image'], 'include "kubeopencode.image" .'),
    scalar([...CONTAINER, 'imagePullPolicy'], '.Values.image.pullPolicy'),
    lines([...CONTAINER, 'args'], (indent) => [
      'args:',
      '  - --leader-elect={{ .Values.leaderElection.enabled }}',
      '  {{- with .Values.leaderElection.leaseName }}',
      '  - --leader-elect-lease-name={{ . }}',
      '  {{- end }}',
      '  - --metrics-bind-address={{ ternary ":8080" "0" .Values.metrics.enabled }}',
      '  - --health-probe-bind-address=:8081',
      '  - --log-level={{ .Values.logLevel }}',
      '  {{- range .Values.watchNamespaces }}',
      '  - --namespace={{ . }}',
      '  {{- end }}',
      '  {{- with .Values.labelSelector }}',
      '  - {{ printf "--label-selector=%s" . | quote }}',
      '  {{- end }}',
      '  {{- if .Values.journal.enabled }}',
      `  - ${String(journalFolder)}`,
      '  - --journal-max-size={{ .Values.journal.maxSize }}',
      '  {{- end }}',
      '  {{- with .Values.extraArgs }}',
      `  {{- toYaml . | nindent ${indent + 2} }}`,
      '  {{- end }}',
    ]),
    block([...CONTAINER, 'resources'], 'toYaml .Values.resources'),
    block([...CONTAINER, 'securityContext'], 'toYaml .Values.securityContext'),
    optionalLists([...CONTAINER, 'volumeMounts'], 'volumeMounts', listed(journal.volumeMounts), listed(metricsAuth.volumeMounts)),
  ]).replace(/^( *)env:\n((?:\1 .*\n)+)/m, (found, indent: string) => `${found}${moreEnv(indent.length, authEnv)}`);
}

/** What people set, else what several replicas have. */
function ownOrSpread(key: 'affinity' | 'topologySpreadConstraints', spread: unknown): Edit {
  const standard = yaml({ [key]: spread })
    .trimEnd()
    .replaceAll(/(app\.kubernetes\.io\/name:) .*/g, '$1 {{ include "kubeopencode.fullname" $ }}');
  return lines([...POD, key], (indent) => [
    `{{- if .Values.${key} }}`,
    `${key}: {{- toYaml .Values.${key} | nindent ${indent + 2} }}`,
    '{{- else if gt (int .Values.replicas) 1 }}',
    ...standard.split('\n'),
    '{{- end }}',
  ]);
}

/** Lines of a YAML list. */
function listed(items: readonly unknown[]): readonly string[] {
  return yaml(items).trimEnd().split('\n');
}

/** A list of what the journal needs and what the guard of the metrics needs; no key without either. */
function optionalLists(path: Edit['path'], key: string, journal: readonly string[], auth: readonly string[]): Edit {
  const guarded = (condition: string, items: readonly string[]): readonly string[] => [
    `  {{- if ${condition} }}`,
    ...items.map((line) => `  ${line}`),
    '  {{- end }}',
  ];
  return lines(path, () => [
    '{{- if or .Values.journal.enabled .Values.metrics.auth.enabled }}',
    `${key}:`,
    ...guarded('.Values.journal.enabled', journal),
    ...guarded('.Values.metrics.auth.enabled', auth),
    '{{- end }}',
  ]);
}

function moreEnv(indent: number, authEnv: readonly string[]): string {
  const more = [
    '{{- if .Values.metrics.auth.enabled }}',
    ...authEnv,
    '{{- end }}',
    '{{- with .Values.extraEnv }}',
    `{{- toYaml . | nindent ${indent + 2} }}`,
    '{{- end }}',
  ];
  return more.map((line) => `${spaces(indent + 2)}${line}\n`).join('');
}
