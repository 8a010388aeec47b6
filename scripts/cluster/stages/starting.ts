import { condition, MESSAGE, OBSERVED, templateSetting } from './status.ts';

/** Go template: `$subject`, the container that the script speaks about, and `$isInit`, whether it is an init container. */
const SUBJECT = `
{{ $now := Now }}
{{ $subject := ${templateSetting('container')} }}
{{ $isInit := false }}
{{ $isKnown := false }}
{{ range .spec.initContainers }}
{{ if and (eq .name $subject) (ne (default "" .restartPolicy) "Always") }}{{ $isInit = true }}{{ end }}
{{ end }}
{{ range .spec.containers }}
{{ if eq .name $subject }}{{ $isKnown = true }}{{ end }}
{{ end }}
{{ if not (or $isInit $isKnown) }}
{{ $subject = (index .spec.containers 0).name }}
{{ range .spec.containers }}{{ if eq .name "agent" }}{{ $subject = "agent" }}{{ end }}{{ end }}
{{ end }}`;

/** Go template: statuses of all containers while the one that the script speaks about is in this state, and those that wait for it wait. */
function statuses(subjectState: string, sidecarState: string): string {
  const common = ['- name: {{ .name | Quote }}', '  image: {{ .image | Quote }}', '  imageID: ""', '  restartCount: 0'].join('\n');
  const initializing = '{waiting: {reason: PodInitializing}}';
  return `
{{ $isBehind := false }}
initContainerStatuses:
{{ range .spec.initContainers }}
${common}
  {{ if and $isInit (eq .name $subject) }}
  {{ $isBehind = true }}
  ready: false
  started: false
  state: ${subjectState}
  {{ else if $isBehind }}
  ready: false
  started: false
  state: ${initializing}
  {{ else if eq (default "" .restartPolicy) "Always" }}
  ready: true
  started: true
  state: ${sidecarState}
  {{ else }}
  ready: true
  started: false
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
${common}
  {{ if $isInit }}
  ready: false
  started: false
  state: ${initializing}
  {{ else if eq .name $subject }}
  ready: false
  started: false
  state: ${subjectState}
  {{ else }}
  ready: true
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}`;
}

const RUNNING_NOW = '{running: {startedAt: {{ $now | Quote }}}}';

/** Status of a Pod that is not up because the container that the script speaks about is in this state. */
function starting(subjectState: string): string {
  return `${SUBJECT}
phase: Pending
${OBSERVED}
startTime: {{ default $now .status.startTime | Quote }}
conditions:
{{ if $isInit }}
${condition('Initialized', 'False', 'ContainersNotInitialized')}
{{ else }}
${condition('Initialized', 'True')}
{{ end }}
${condition('Ready', 'False', 'ContainersNotReady')}
${condition('ContainersReady', 'False', 'ContainersNotReady')}
${statuses(subjectState, RUNNING_NOW)}`;
}

/** The container waits, and this is why. */
export function waiting(reason: string, message: string): string {
  return starting(`{waiting: {reason: ${reason}, message: ${JSON.stringify(message)}}}`);
}

/** The init container that the script speaks about runs. */
export const INIT_RUNNING = starting(RUNNING_NOW);

/** It failed, and with it the Pod. */
export const INIT_FAILED = `${SUBJECT}
{{ $isKilled := eq ${templateSetting('outcome')} "out-of-memory" }}
{{ $code := ${templateSetting('exit-code')} }}
phase: Failed
${OBSERVED}
conditions:
${condition('Initialized', 'False', 'ContainersNotInitialized')}
${condition('Ready', 'False', 'PodFailed')}
${condition('ContainersReady', 'False', 'PodFailed')}
${statuses(
  `{terminated: {exitCode: {{ if $isKilled }}137{{ else }}{{ $code }}{{ end }}, reason: {{ if $isKilled }}OOMKilled{{ else }}Error{{ end }}, ${MESSAGE}startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}`,
  '{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}',
)}`;

/** Why a Pod ends before it was up, and how what ran of it does. */
interface Cut {
  readonly reason?: string;
  readonly message?: string;
  /** Go template that gives the exit code as text. */
  readonly exitCode: string;
}

/** Status of a Pod that ends before it was up. */
export function cutShort({ reason, message, exitCode }: Cut): string {
  return `
{{ $now := Now }}
{{ $code := ${exitCode} }}
phase: Failed
${reason === undefined ? '' : `reason: ${reason}`}
${message === undefined ? '' : `message: ${JSON.stringify(message)}`}
${OBSERVED}
conditions:
${condition('Ready', 'False', 'PodFailed')}
${condition('ContainersReady', 'False', 'PodFailed')}
initContainerStatuses:
{{ range .status.initContainerStatuses }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  started: false
  ready: {{ if .state.terminated }}true{{ else }}false{{ end }}
  {{ with .state.running }}
  state: {terminated: {exitCode: {{ $code }}, reason: {{ if eq $code "0" }}Completed{{ else }}Error{{ end }}, startedAt: {{ .startedAt | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {{ toJson .state }}
  {{ end }}
{{ end }}`;
}

/** Status of a Pod that its node refuses. */
export const REJECTED = `
{{ $now := Now }}
phase: Failed
reason: OutOfcpu
message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1000, capacity: 1000"
${OBSERVED}
startTime: {{ $now | Quote }}`;
