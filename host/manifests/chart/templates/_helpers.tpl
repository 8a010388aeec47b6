{{- define "kubeopencode.fullname" -}}
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

{{- define "kubeopencode.rules.tasks" -}}
- apiGroups:
    - kubeopencode.io
  resources:
    - tasks
  verbs:
    - get
    - list
    - watch
    - patch
    - delete
- apiGroups:
    - kubeopencode.io
  resources:
    - tasks/status
  verbs:
    - patch
- apiGroups:
    - kubeopencode.io
  resources:
    - tasks/finalizers
  verbs:
    - update
- apiGroups:
    - kubeopencode.io
  resources:
    - agents
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - kubeopencode.io
  resources:
    - agents/status
  verbs:
    - patch
- apiGroups:
    - kubeopencode.io
  resources:
    - agenttemplates
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - ""
  resources:
    - pods/log
  verbs:
    - get
- apiGroups:
    - ""
  resources:
    - configmaps
  verbs:
    - get
    - create
    - patch
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - create
{{- end }}

{{- define "kubeopencode.rules.config" -}}
- apiGroups:
    - kubeopencode.io
  resources:
    - kubeopencodeconfigs
  verbs:
    - list
    - watch
{{- end }}

{{- define "kubeopencode.rules.leader" -}}
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - get
    - create
    - update
{{- end }}

{{- define "kubeopencode.rules.release" -}}
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - list
    - patch
{{- end }}
