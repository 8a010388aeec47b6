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
export function deploymentTemplate({ deployment, spread, journal }: Sources): string {
  const { affinity, topologySpreadConstraints } = spread.spec.template.spec;
  const of = (path: string): unknown => {
    const operation = journal.find((each) => each.path === path);
    if (operation === undefined) throw new Error(`making the chart: expected the component journal to add ${path}`);
    return operation.value;
  };
  const mounts = yaml({ volumeMounts: of('/spec/template/spec/containers/0/volumeMounts') });
  const volumes = yaml({ volumes: of('/spec/template/spec/volumes') }).replace(
    /sizeLimit: .*/,
    'sizeLimit: {{ .Values.journal.volumeSizeLimit }}',
  );
  const journalFolder = journal.map(({ value }) => value).find((value) => typeof value === 'string' && value.startsWith('--journal='));
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
    lines([...POD, 'volumes'], () => ['{{- if .Values.journal.enabled }}', ...volumes.trimEnd().split('\n'), '{{- end }}']),
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
    lines([...CONTAINER, 'volumeMounts'], () => ['{{- if .Values.journal.enabled }}', ...mounts.trimEnd().split('\n'), '{{- end }}']),
  ]).replace(/^( *)env:\n((?:\1 .*\n)+)/m, (found, indent: string) => `${found}${extraEnv(indent.length)}`);
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

function extraEnv(indent: number): string {
  return ['{{- with .Values.extraEnv }}', `{{- toYaml . | nindent ${indent + 2} }}`, '{{- end }}']
    .map((line) => `${spaces(indent + 2)}${line}\n`)
    .join('');
}
