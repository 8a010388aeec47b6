import type { Schema } from '../../crds/structural.ts';
import { identity } from './deployment.ts';
import { pair, taskRoles } from './roles.ts';
import type { Sources } from './sources.ts';
import { block, lines, optional, scalar, templated } from './template.ts';

const SUFFIX = '-release-pods';
const ACCOUNT = `{{ include "kubeopencode.fullname" $ }}${SUFFIX}`;
const POD = ['spec'] as const;
const CONTAINER = [...POD, 'containers', 0] as const;

/** After everything else has gone, in this order; what is left of a try before goes first. */
function hook(weight: number): Readonly<Record<string, string>> {
  return {
    'helm.sh/hook': 'post-delete',
    'helm.sh/hook-weight': `"${weight}"`,
    'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
  };
}

/**
 * templates/release-pods.yaml: a Pod that waits until the controller has given up its Lease, takes the finalizer off the Pods of Tasks, and ends.
 * It runs after the controller, so that no Pod is held anew, and by an account of its own, since that of the controller is gone.
 */
export function releasePodsTemplate({ deployment }: Sources): string {
  const { spec } = deployment.spec.template;
  const [{ name: _, args: __, ports: ___, startupProbe: ____, livenessProbe: _____, readinessProbe: ______, ...container }] =
    spec.containers;
  const pod: Schema = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: '', namespace: '', labels: {}, annotations: {} },
    spec: {
      restartPolicy: 'OnFailure',
      activeDeadlineSeconds: 270,
      ...Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'containers')),
      containers: [{ name: 'release', args: [], ...container }],
    },
  };
  const account = [
    'apiVersion: v1',
    'kind: ServiceAccount',
    'metadata:',
    `  name: ${ACCOUNT}`,
    '  namespace: {{ .Release.Namespace }}',
    '  labels: {{- include "kubeopencode.labels" . | nindent 4 }}',
    '  annotations:',
    ...Object.entries(hook(-2)).map(([name, value]) => `    ${name}: ${value}`),
    'automountServiceAccountToken: false',
  ].join('\n');
  const role = { suffix: SUFFIX, account: ACCOUNT, hook: hook(-1) };
  return `{{- if .Values.releasePods.enabled }}
${account}
${taskRoles({ ...role, rules: 'release' })}
${pair('Role', '{{ $.Release.Namespace }}', { ...role, suffix: `${SUFFIX}-leader`, rules: 'leader' })}
---
${podTemplate(pod).trimEnd()}
{{- end }}
`;
}

function podTemplate(pod: Schema): string {
  return templated(pod, [
    ...identity(SUFFIX),
    lines(['metadata', 'labels'], (indent) => [
      // Not the controller's own, which its Deployment and its policies select.
      'labels:',
      `  app.kubernetes.io/name: ${ACCOUNT}`,
      '  app.kubernetes.io/part-of: kubeopencode',
      '  {{- with .Values.podLabels }}',
      `  {{- toYaml . | nindent ${indent + 2} }}`,
      '  {{- end }}',
    ]),
    lines(['metadata', 'annotations'], () => ['annotations:', ...Object.entries(hook(0)).map(([name, value]) => `  ${name}: ${value}`)]),
    { path: [...POD, 'serviceAccountName'], lines: ({ lead }) => [`${lead}${ACCOUNT}`] },
    block([...POD, 'securityContext'], 'toYaml .Values.podSecurityContext'),
    optional([...POD, 'imagePullSecrets'], '.Values.imagePullSecrets'),
    optional([...POD, 'nodeSelector'], '.Values.nodeSelector'),
    optional([...POD, 'tolerations'], '.Values.tolerations'),
    scalar([...CONTAINER, 'image'], 'include "kubeopencode.image" .'),
    scalar([...CONTAINER, 'imagePullPolicy'], '.Values.image.pullPolicy'),
    lines([...CONTAINER, 'args'], () => [
      'args:',
      '  - --release-pods',
      '  - --leader-elect={{ .Values.leaderElection.enabled }}',
      '  {{- with .Values.leaderElection.leaseName }}',
      '  - --leader-elect-lease-name={{ . }}',
      '  {{- end }}',
      '  - --metrics-bind-address=0',
      '  - --health-probe-bind-address=0',
      '  - --log-level={{ .Values.logLevel }}',
      '  {{- range .Values.watchNamespaces }}',
      '  - --namespace={{ . }}',
      '  {{- end }}',
    ]),
    block([...CONTAINER, 'resources'], 'toYaml .Values.resources'),
    block([...CONTAINER, 'securityContext'], 'toYaml .Values.securityContext'),
  ]);
}
