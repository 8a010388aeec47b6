import { SIMULATION_LABELS, SIMULATION_PREFIX, type SimulationLabel } from '#host/cluster/memory/pod-script.ts';

/** Go template: text of a label with its default. */
export function templateSetting(name: SimulationLabel): string {
  return `(default "${SIMULATION_LABELS[name]}" (index (default dict .metadata.labels) "${SIMULATION_PREFIX}${name}"))`;
}

export function condition(type: string, status: 'True' | 'False', reason = '', message = ''): string {
  const text = [
    `type: ${type}`,
    `status: "${status}"`,
    `lastTransitionTime: {{ $now | Quote }}`,
    reason && `reason: ${reason}`,
    message && `message: ${JSON.stringify(message)}`,
  ];
  return `- {${text.filter((part) => part !== '').join(', ')}}`;
}

/** Go template: the kubelet says which version of the Pod it has seen. */
export const OBSERVED = 'observedGeneration: {{ default 1 .metadata.generation }}';

/** Status of a Pod whose containers run; its init containers have ended, but for sidecars. */
export const RUNNING = `
{{ $now := Now }}
phase: Running
${OBSERVED}
startTime: {{ default $now .status.startTime | Quote }}
conditions:
${condition('PodReadyToStartContainers', 'True')}
${condition('Initialized', 'True')}
${condition('Ready', 'True')}
${condition('ContainersReady', 'True')}
{{ with NodeIPWith .spec.nodeName }}
hostIP: {{ . | Quote }}
{{ end }}
{{ with PodIPWith .spec.nodeName (default false .spec.hostNetwork) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ . | Quote }}
podIPs: [{ip: {{ . | Quote }}}]
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq (default "" .restartPolicy) "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}`;

/** Go template: the termination message that an annotation gives. */
export const MESSAGE = `{{ with index (default dict $.metadata.annotations) "${SIMULATION_PREFIX}message" }}message: {{ . | Quote }}, {{ end }}`;

/** How containers end. */
export interface End {
  /** Go template that gives the exit code as text. */
  readonly exitCode: string;
  /** Of the container; `ByCode`: Completed for 0, else Error. */
  readonly containerReason?: 'OOMKilled' | 'ByCode';
  /** `ByCode`: Succeeded for 0, else Failed. */
  readonly phase: 'Failed' | 'ByCode';
  readonly reason?: string;
  readonly message?: string;
  /** Of the DisruptionTarget condition. */
  readonly disruption?: { readonly reason: string; readonly message: string };
}

/** Status of a Pod whose containers have ended. */
export function ended(end: End): string {
  const containerReason = end.containerReason === 'OOMKilled' ? 'OOMKilled' : '{{ if eq $code "0" }}Completed{{ else }}Error{{ end }}';
  return `
{{ $now := Now }}
{{ $code := ${end.exitCode} }}
phase: ${end.phase === 'Failed' ? 'Failed' : '{{ if eq $code "0" }}Succeeded{{ else }}Failed{{ end }}'}
${end.reason ? `reason: ${end.reason}` : ''}
${end.message ? `message: ${JSON.stringify(end.message)}` : ''}
${OBSERVED}
conditions:
${condition('PodReadyToStartContainers', 'False')}
${condition('Ready', 'False', 'PodFinished')}
${condition('ContainersReady', 'False', 'PodFinished')}
${end.disruption ? condition('DisruptionTarget', 'True', end.disruption.reason, end.disruption.message) : ''}
initContainerStatuses:
{{ range .status.initContainerStatuses }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: {{ if .state.running }}false{{ else }}true{{ end }}
  started: false
  restartCount: 0
  {{ with .state.running }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ .startedAt | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {{ toJson .state }}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .status.containerStatuses }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {terminated: {exitCode: {{ $code }}, reason: ${containerReason}, ${MESSAGE}startedAt: {{ .state.running.startedAt | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}`;
}
