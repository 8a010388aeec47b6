import { type Stage, stage } from './stage.ts';
import { cutShort, INIT_FAILED, INIT_RUNNING, REJECTED, waiting } from './starting.ts';
import { type End, ended, OBSERVED, RUNNING, templateSetting } from './status.ts';
import {
  AT_DELETION,
  AT_FIRST_END,
  AT_NEXT_STEP,
  DELETED,
  endsBy,
  isDeletion,
  isInit,
  isNext,
  isOutcome,
  isPhase,
  NOT_DELETED,
} from './when.ts';

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

const SHUTDOWN_TEXT = 'Pod was terminated in response to imminent node shutdown.';
const SHUTDOWN = {
  phase: 'Failed',
  reason: 'Terminated',
  message: SHUTDOWN_TEXT,
  disruption: { reason: 'TerminationByKubelet', message: SHUTDOWN_TEXT },
} as const;

const PULL_ERROR = 'failed to pull image: not found';

/** What becomes of a Pod until it is up, by the name of the step in jq.ts. */
const STEPS: Readonly<Record<string, string>> = {
  start: RUNNING,
  'start-init': INIT_RUNNING,
  'end-init': INIT_FAILED,
  'pull-error': waiting('ErrImagePull', PULL_ERROR),
  'back-off': waiting('ImagePullBackOff', `Back-off pulling image "{{ .image }}": ErrImagePull: ${PULL_ERROR}`),
  'invalid-image': waiting('InvalidImageName', "Failed to apply default image tag: couldn't parse image name: invalid reference format"),
  'config-error': waiting('CreateContainerConfigError', 'secret "agent-credentials" not found'),
  rejected: REJECTED,
  deadline: cutShort({ reason: DEADLINE.reason, message: DEADLINE.message, exitCode: KILLED }),
};

/**
 * kwok's stages: what its kubelet does with a Pod, and when. The Pod's labels choose (`sim.kubeopencode.io/…`, see `SIMULATION_LABELS` in
 * host/cluster/memory/pod-script.ts). Unlike the memory cluster's kubelet it never starts a container again, whatever restartPolicy says, leaves it to others to
 * give up a Pod on a lost node, and of `container` with an init container knows what keeps it from starting, `never`, `fail` and `out-of-memory`.
 *
 * kwok picks at random among stages that fit at the same time and starts a stage's delay anew at each change of the Pod. So the conditions exclude each other
 * (whatever ends the Pod first is the only one that fits), and delays lead to a fixed moment. Times in a Pod's status have whole seconds:
 * an end can come up to one second early.
 */
export const POD_STAGES: readonly Stage[] = [
  ...Object.entries(STEPS).map(([step, statusTemplate]) =>
    stage(`pod-${step}`, 'Pod', [NOT_DELETED, isPhase('Pending'), isNext(step)], { delay: AT_NEXT_STEP, next: { statusTemplate } }),
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
  stage('pod-shutdown-handled', 'Pod', [isPhase('Running'), endsBy('shutdown-handled')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ ...SHUTDOWN, exitCode: templateSetting('stop-exit-code') }) },
  }),
  stage('pod-shutdown-killed', 'Pod', [isPhase('Running'), endsBy('shutdown-killed')], {
    delay: AT_FIRST_END,
    next: { statusTemplate: ended({ ...SHUTDOWN, exitCode: KILLED }) },
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
  stage('pod-deleted-before-start', 'Pod', [DELETED, isPhase('Pending'), isInit('idle')], {
    next: { statusTemplate: `phase: Failed\n${OBSERVED}` },
  }),
  stage('pod-deleted-in-init-handled', 'Pod', [DELETED, isPhase('Pending'), isInit('running'), isDeletion('deletion-handled')], {
    delay: AT_DELETION,
    next: { statusTemplate: cutShort({ exitCode: templateSetting('stop-exit-code') }) },
  }),
  stage('pod-deleted-in-init-killed', 'Pod', [DELETED, isPhase('Pending'), isInit('running'), isDeletion('deletion-killed')], {
    delay: AT_DELETION,
    next: { statusTemplate: cutShort({ exitCode: KILLED }) },
  }),
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
