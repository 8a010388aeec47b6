/** Which role, for whom, and whether it is there only while the release goes. */
export interface RoleTemplate {
  /** Behind the name of the Deployment, such as `-leader`. */
  readonly suffix: string;
  /** Name of the rules in _helpers.tpl. */
  readonly rules: 'tasks' | 'config' | 'leader' | 'release';
  /** Template of the name of the ServiceAccount. */
  readonly account: string;
  /** Annotations of a hook. */
  readonly hook?: Readonly<Record<string, string>>;
}

const CONTROLLER_ACCOUNT = '{{ include "kubeopencode.serviceAccountName" $ }}';

/** templates/rbac.yaml: the ServiceAccount and the roles of the controller. */
export function rbacTemplate(): string {
  const of = { account: CONTROLLER_ACCOUNT };
  return `{{- if .Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "kubeopencode.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
  labels: {{- include "kubeopencode.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
${taskRoles({ ...of, suffix: '', rules: 'tasks' })}
{{- if .Values.clusterConfig.read }}
${pair('ClusterRole', '', { ...of, suffix: '-config', rules: 'config' })}
{{- end }}
${pair('Role', '{{ $.Release.Namespace }}', { ...of, suffix: '-leader', rules: 'leader' })}
`;
}

/** A role in each namespace that is watched, or one for the whole cluster. */
export function taskRoles(role: RoleTemplate): string {
  return `{{- range .Values.watchNamespaces }}
${pair('Role', '{{ . }}', role)}
{{- else }}
${pair('ClusterRole', '', role)}
{{- end }}`;
}

/** A role and its binding, each a document. Empty `namespace`: of the cluster. */
export function pair(kind: 'Role' | 'ClusterRole', namespace: string, { suffix, rules, account, hook }: RoleTemplate): string {
  const metadata = `metadata:
  name: {{ include "kubeopencode.fullname" $ }}${suffix}${namespace === '' ? '' : `\n  namespace: ${namespace}`}
  labels: {{- include "kubeopencode.labels" $ | nindent 4 }}${annotations(hook)}`;
  return `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
${metadata}
rules: {{- include "kubeopencode.rules.${rules}" $ | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
${metadata}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${kind}
  name: {{ include "kubeopencode.fullname" $ }}${suffix}
subjects:
  - kind: ServiceAccount
    name: ${account}
    namespace: {{ $.Release.Namespace }}`;
}

function annotations(hook: RoleTemplate['hook']): string {
  if (hook === undefined) return '';
  return `\n  annotations:${Object.entries(hook)
    .map(([name, value]) => `\n    ${name}: ${value}`)
    .join('')}`;
}
