import type { Permission } from '#core/contract/permissions.ts';
import { roleRules } from '../../crds/rbac.ts';
import { yaml } from './template.ts';

/** Labels and roles that all templates share. */
export interface HelperSources {
  readonly inTaskNamespaces: readonly Permission[];
  readonly ofCluster: readonly Permission[];
  readonly inOwnNamespace: readonly Permission[];
  /** Those of them that the Pod which releases others needs. */
  readonly toRelease: readonly Permission[];
}

/** templates/_helpers.tpl */
export function helpers({ inTaskNamespaces, ofCluster, inOwnNamespace, toRelease }: HelperSources): string {
  const rules = (name: string, permissions: readonly Permission[]): string =>
    `{{- define "kubeopencode.rules.${name}" -}}\n${yaml(roleRules(permissions)).trimEnd()}\n{{- end }}\n`;
  return `${NAMES}
${rules('tasks', inTaskNamespaces)}
${rules('config', ofCluster)}
${rules('leader', inOwnNamespace)}
${rules('release', toRelease)}`;
}

const NAMES = `{{- define "kubeopencode.fullname" -}}
{{- .Values.fullnameOverride | default "kubeopencode-controller" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kubeopencode.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "kubeopencode.fullname" .) }}
{{- end }}

{{- define "kubeopencode.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "kubeopencode.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kubeopencode.fullname" . }}
{{- end }}

{{- define "kubeopencode.podLabels" -}}
{{ include "kubeopencode.selectorLabels" . }}
app.kubernetes.io/component: controller
app.kubernetes.io/part-of: kubeopencode
{{- end }}

{{- define "kubeopencode.labels" -}}
{{ include "kubeopencode.podLabels" . }}
{{ include "kubeopencode.chartLabels" . }}
{{- end }}

{{- define "kubeopencode.chartLabels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
`;
