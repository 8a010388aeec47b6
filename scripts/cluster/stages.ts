import { stringify } from 'yaml';

/**
 * kwok's stages: what its kubelet does with a Pod, and when. The Pod's labels choose (`sim.kubeopencode.io/…`, see `SIMULATION_LABELS`).
 *
 * kwok picks at random among stages that fit at the same time and starts a stage's delay anew at each change of the Pod. So the conditions exclude each other
 * (whatever ends the Pod first is the only one that fits), and delays lead to a fixed moment. Times in a Pod's status have whole seconds:
 * an end can come up to one second early.
 */

/** Labels of a Pod that a simulated kubelet obeys, with the defaults. The memory cluster's kubelet reads the same. */
export const SIMULATION_LABELS = {
  /** succeed | fail | out-of-memory | evicted | preempted | image-pull | unschedulable | never */
  outcome: 'succeed',
  /** Of `fail`. */
  'exit-code': '1',
  /** From start to end of the containers, a Go duration. */
  'run-for': '3s',
  /** From scheduling to start, a Go duration. */
  'start-delay': '0s',
  /** How long the containers take after SIGTERM; beyond the grace period they are killed (137). */
  'stop-after': '0s',
  /** Exit code after SIGTERM. */
  'stop-exit-code': '143',
} as const;

const PREFIX = 'sim.kubeopencode.io/';

type Label = keyof typeof SIMULATION_LABELS;

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

interface Stage {
  readonly apiVersion: 'kwok.x-k8s.io/v1alpha1';
  readonly kind: 'Stage';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** jq: `setting(name; default)`, text of a label of the Pod. */
const JQ_SETTING = `def setting(name; default): (.metadata.labels // {})["${PREFIX}" + name] // default;`;

/** jq: seconds of a Go duration. */
const JQ_SECONDS =
  'def seconds: [scan("([0-9]+(?:\\\\.[0-9]+)?)(ms|s|m|h)") | (.[0] | tonumber) * {ms: 0.001, s: 1, m: 60, h: 3600}[.[1]]] | add // 0;';

/** jq: `until_then`, the delay from now until a moment in epoch seconds. */
const JQ_UNTIL = 'def until_then: ((. - now) * 1000 | if . < 0 then 0 else ceil end | tostring) + "ms";';

/** jq: `first_end`, what ends the containers first and when: {how, at}; null when nothing will. */
const JQ_FIRST_END = `
def epoch: fromdateiso8601;
def signalled(how; asked; grace): (${jqSetting('stop-after')} | seconds) as $takes
  | if $takes <= grace then {how: (how + "-handled"), at: (asked + $takes)} else {how: (how + "-killed"), at: (asked + grace)} end;
def by_itself: if ${jqSetting('outcome')} == "never" then empty
  else {how: "itself", at: ((.status.containerStatuses[0].state.running.startedAt | epoch) + (${jqSetting('run-for')} | seconds))} end;
def by_deadline: if .spec.activeDeadlineSeconds == null then empty
  else signalled("deadline"; [(.status.startTime | epoch) + .spec.activeDeadlineSeconds, now] | max; .spec.terminationGracePeriodSeconds // 30) end;
def by_deletion: if .metadata.deletionTimestamp == null then empty
  else signalled("deletion"; (.metadata.deletionTimestamp | epoch) - (.metadata.deletionGracePeriodSeconds // 0); .metadata.deletionGracePeriodSeconds // 0) end;
def first_end: [by_itself, by_deadline, by_deletion] | min_by(.at);`;

const JQ = [JQ_SETTING, JQ_SECONDS, JQ_UNTIL, JQ_FIRST_END].join('\n');

function jqSetting(name: Label): string {
  return `setting("${name}"; "${SIMULATION_LABELS[name]}")`;
}

function stage(name: string, kind: 'Node' | 'Pod', where: readonly Requirement[], rest: Readonly<Record<string, unknown>>): Stage {
  const spec = { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions: where }, ...rest };
  return { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', metadata: { name }, spec };
}

const DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'Exists' };
const NOT_DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
const isPhase = (...values: readonly string[]): Requirement => ({ key: '.status.phase', operator: 'In', values });
const isOutcome = (...values: readonly string[]): Requirement => ({ key: `${JQ_SETTING} ${jqSetting('outcome')}`, operator: 'In', values });
const endsBy = (...values: readonly string[]): Requirement => ({ key: `${JQ} first_end | .how`, operator: 'In', values });

const AT_FIRST_END = { durationFrom: { expressionFrom: `${JQ} first_end | .at | until_then` } };
const AFTER_START_DELAY = {
  durationFrom: {
    expressionFrom: `${JQ} (.status.conditions[] | select(.type == "PodScheduled") | .lastTransitionTime | epoch) + (${jqSetting('start-delay')} | seconds) | until_then`,
  },
};

/** Go template: text of a label with its default. */
function templateSetting(name: Label): string {
  return `(default "${SIMULATION_LABELS[name]}" (index (default dict .metadata.labels) "${PREFIX}${name}"))`;
}

function condition(type: string, status: 'True' | 'False', reason = '', message = ''): string {
  const text = [
    `type: ${type}`,
    `status: "${status}"`,
    `lastTransitionTime: {{ $now | Quote }}`,
    reason && `reason: ${reason}`,
    message && `message: ${JSON.stringify(message)}`,
  ];
  return `- {${text.filter((part) => part !== '').join(', ')}}`;
}

const OBSERVED = 'observedGeneration: {{ default 1 .metadata.generation }}';

const RUNNING = `
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

interface End {
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

function ended(end: End): string {
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
  state: {terminated: {exitCode: {{ $code }}, reason: ${containerReason}, startedAt: {{ .state.running.startedAt | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}`;
}

const LOW_MEMORY = 'The node was low on resource: memory.';
const KILLED = '"137"';
const BY_ITSELF: Readonly<Record<string, End>> = {
  succeed: { exitCode: '"0"', phase: 'ByCode' },
  fail: { exitCode: templateSetting('exit-code'), phase: 'ByCode' },
  'out-of-memory': { exitCode: KILLED, containerReason: 'OOMKilled', phase: 'Failed' },
  evicted: {
    exitCode: KILLED,
    phase: 'Failed',
    reason: 'Evicted',
    message: LOW_MEMORY,
    disruption: { reason: 'TerminationByKubelet', message: LOW_MEMORY },
  },
  // As the kubelet does it for a critical Pod; the scheduler preempts by deletion.
  preempted: {
    exitCode: KILLED,
    phase: 'Failed',
    reason: 'Preempting',
    message: 'Preempted in order to admit critical pod',
    disruption: { reason: 'TerminationByKubelet', message: 'Pod was preempted by Kubelet to accommodate a critical pod.' },
  },
};

const DEADLINE = {
  phase: 'Failed',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
} as const;

function waiting(reason: string, message: string): string {
  return `
{{ $now := Now }}
phase: Pending
${OBSERVED}
startTime: {{ default $now .status.startTime | Quote }}
conditions:
${condition('Initialized', 'True')}
${condition('Ready', 'False', 'ContainersNotReady')}
${condition('ContainersReady', 'False', 'ContainersNotReady')}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: {waiting: {reason: ${reason}, message: ${JSON.stringify(message)}}}
{{ end }}`;
}

const WAITING_REASON = '[.status.containerStatuses[]?.state.waiting.reason // empty] | first';

const POD_STAGES: readonly Stage[] = [
  stage('pod-start', 'Pod', [NOT_DELETED, isPhase('Pending'), { ...isOutcome('image-pull'), operator: 'NotIn' }], {
    delay: AFTER_START_DELAY,
    next: { statusTemplate: RUNNING },
  }),
  stage(
    'pod-image-pull-error',
    'Pod',
    [NOT_DELETED, isPhase('Pending'), isOutcome('image-pull'), { key: WAITING_REASON, operator: 'DoesNotExist' }],
    {
      delay: AFTER_START_DELAY,
      next: { statusTemplate: waiting('ErrImagePull', 'failed to pull image: pull access denied') },
    },
  ),
  stage(
    'pod-image-pull-backoff',
    'Pod',
    [NOT_DELETED, isPhase('Pending'), { key: WAITING_REASON, operator: 'In', values: ['ErrImagePull'] }],
    {
      delay: { durationMilliseconds: 300 },
      next: { statusTemplate: waiting('ImagePullBackOff', 'Back-off pulling image') },
    },
  ),
  ...Object.entries(BY_ITSELF).map(([outcome, end]) =>
    stage(`pod-ends-${outcome}`, 'Pod', [isPhase('Running'), isOutcome(outcome), endsBy('itself')], {
      delay: AT_FIRST_END,
      next: { statusTemplate: ended(end) },
    }),
  ),
  stage('pod-deadline-handled', 'Pod', [isPhase('Running'), endsBy('deadline-handled')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ ...DEADLINE, exitCode: templateSetting('stop-exit-code') }) },
  }),
  stage('pod-deadline-killed', 'Pod', [isPhase('Running'), endsBy('deadline-killed')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ ...DEADLINE, exitCode: KILLED }) },
  }),
  stage('pod-deletion-handled', 'Pod', [isPhase('Running'), endsBy('deletion-handled')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ exitCode: templateSetting('stop-exit-code'), phase: 'ByCode' }) },
  }),
  stage('pod-deletion-killed', 'Pod', [isPhase('Running'), endsBy('deletion-killed')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ exitCode: KILLED, phase: 'Failed' }) },
  }),
  // A kubelet moves a Pod that never started to Failed before it lets it go (since 1.27).
  stage('pod-deleted-before-start', 'Pod', [DELETED, isPhase('Pending')], { next: { statusTemplate: `phase: Failed\n${OBSERVED}` } }),
  // The kubelet's own last DELETE has grace 0; a finalizer may keep the object after it, so it is not repeated.
  stage(
    'pod-release',
    'Pod',
    [
      DELETED,
      isPhase('Succeeded', 'Failed'),
      { key: '.metadata.deletionGracePeriodSeconds // 0 | tostring', operator: 'NotIn', values: ['0'] },
    ],
    { next: { delete: true } },
  ),
];

const READY = '.status.conditions[]? | select(.type == "Ready") | .status';

const NODE_STATUS = `
{{ $now := Now }}
phase: Running
conditions:
{{ range NodeConditions }}
- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ default $now $.metadata.creationTimestamp | Quote }}}
{{ end }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  bootID: ""
  machineID: ""
  systemUUID: ""
  osImage: simulated
  kernelVersion: {{ printf "kwok-%s" Version | Quote }}
  containerRuntimeVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeletVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeProxyVersion: {{ printf "kwok-%s" Version | Quote }}`;

/** kwok renews the node's Lease itself; the status is repeated now and then, as a kubelet does. */
const NODE_STAGES: readonly Stage[] = [
  stage('node-start', 'Node', [{ key: READY, operator: 'NotIn', values: ['True'] }], { next: { statusTemplate: NODE_STATUS } }),
  stage('node-heartbeat', 'Node', [{ key: READY, operator: 'In', values: ['True'] }], {
    delay: { durationMilliseconds: 300_000, jitterDurationMilliseconds: 360_000 },
    next: { statusTemplate: NODE_STATUS },
  }),
];

/** Options of kwok itself, as measured: 32 at a time double the number of Pods a second. */
const OPTIONS = {
  apiVersion: 'config.kwok.x-k8s.io/v1alpha1',
  kind: 'KwokConfiguration',
  options: { podPlayStageParallelism: 32, nodePlayStageParallelism: 8, nodeLeaseParallelism: 4, podsOnNodeSyncParallelism: 4 },
};

/** kwok's configuration file: YAML documents. */
export function kwokConfiguration(): string {
  return [OPTIONS, ...NODE_STAGES, ...POD_STAGES]
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}
