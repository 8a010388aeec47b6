import { type Value, valuesTable } from './values.ts';

/** templates/NOTES.txt: what Helm prints after an installation. */
export function notes(): string {
  return `The controller of KubeOpenCode Tasks is {{ include "kubeopencode.fullname" . }} in {{ .Release.Namespace }}{{ with .Values.watchNamespaces }}, for Tasks in {{ join ", " . }}{{ else }}, for Tasks of all namespaces{{ end }}.

  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ include "kubeopencode.fullname" . }}
  kubectl get tasks -A -o wide
{{- if not .Values.crds.install }}

The CustomResourceDefinitions are not part of this release. Whoever may apply them does so before each upgrade:

  kubectl apply --server-side -f host/manifests/base/crds
{{- end }}

Pods in this namespace can be held to the restricted Pod security standard, which this release meets:

  kubectl label namespace {{ .Release.Namespace }} pod-security.kubernetes.io/enforce=restricted
{{- if not .Values.releasePods.enabled }}

releasePods.enabled is false: before you uninstall, end the controller and let go of the Pods that it holds, or they will not go away:

  kubectl -n {{ .Release.Namespace }} scale deployment/{{ include "kubeopencode.fullname" . }} --replicas=0
  kubectl opencode release -A
{{- end }}
`;
}

/** README.md of the chart. */
export function chartGuide(values: readonly Value[]): string {
  return `<!-- Generated from host/manifests and scripts/helm by "npm run crds"; do not edit. -->
# The chart

Installs what \`kubectl apply -k host/manifests\` installs; a test compares both. See [the guide](../../docs/install.md).

\`\`\`sh
helm install kubeopencode host/manifests/chart --namespace kubeopencode-system --create-namespace \\
  --set image.repository=registry.example.com/kubeopencode-host
\`\`\`

${valuesTable(values)}
`;
}
