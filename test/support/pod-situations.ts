import type { Container, ContainerState, Pod, PodSpec } from '#core/api/kubernetes.ts';
import type { PodScript } from '#host/cluster/memory/pod-script.ts';

/** A situation that a Pod can be in, brought about on a real node by commands and in the memory cluster by a script. */
export interface PodSituation {
  readonly name: string;
  readonly spec: PodSpec;
  /** What the memory cluster's kubelet is told instead of the commands. */
  readonly script: Partial<PodScript>;
  /** What is done to it, once it is as `when` says. */
  readonly act?: { readonly type: 'Delete' | 'Evict'; readonly when: (pod: Pod) => boolean };
  /** Looked at when this holds first. */
  readonly until: (pod: Pod) => boolean;
  /** Answer then to a request for the agent's log, as far as it is the kubelet's own: code and text. */
  readonly log?: RegExp;
}

/** Image of all containers; it holds a shell. */
export const SITUATION_IMAGE = 'docker.io/local/agent:1';
/** No registry is there. */
const ABSENT_IMAGE = '127.0.0.1:1/local/none:1';

function sh(name: string, command: string, more: Partial<Container> = {}): Container {
  return { name, image: SITUATION_IMAGE, command: ['/bin/sh', '-c', command], ...more };
}

function pod(containers: readonly Container[], more: Partial<PodSpec> = {}): PodSpec {
  const plain = { restartPolicy: 'Never', terminationGracePeriodSeconds: 2, automountServiceAccountToken: false } as const;
  return { ...plain, containers, ...more };
}

const FOREVER = "trap 'exit 0' TERM; while true; do sleep 0.1; done";
const DEAF = "trap '' TERM; while true; do sleep 0.1; done";
const ABSENT: Container = { name: 'agent', image: ABSENT_IMAGE };
const UNCONFIGURED = { env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'no-such-secret', key: 'key' } } }] };

function stateOf({ status }: Pod, name: string): ContainerState {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.find((each) => each.name === name)?.state ?? {};
}

const isRunning =
  (...names: readonly string[]) =>
  (seen: Pod): boolean =>
    names.every((name) => stateOf(seen, name).running !== undefined);
const isWaiting =
  (name: string, reason: string) =>
  (seen: Pod): boolean =>
    stateOf(seen, name).waiting?.reason === reason;
const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
/** The kubelet's last DELETE has grace 0. */
const isReleased = (seen: Pod): boolean => isOver(seen) && seen.metadata.deletionGracePeriodSeconds === 0;

const GONE = /^200 unable to retrieve container logs for containerd:\/\/[0-9a-f]{64}$/;

export const POD_SITUATIONS: readonly PodSituation[] = [
  {
    name: 'creating',
    spec: pod([sh('agent', FOREVER)], { volumes: [{ name: 'v', secret: { secretName: 'no-such-secret' } }] }),
    script: { startDelayMs: 3_600_000 },
    until: (seen) => seen.status?.startTime !== undefined && isWaiting('agent', 'ContainerCreating')(seen),
    log: /^400 container "agent" in pod "creating" is waiting to start: ContainerCreating$/,
  },
  {
    name: 'running',
    spec: pod(
      [
        sh('agent', FOREVER, {
          volumeMounts: [
            { name: 'v', mountPath: '/v' },
            { name: 'v', mountPath: '/r', readOnly: true },
          ],
        }),
      ],
      { volumes: [{ name: 'v', emptyDir: {} }] },
    ),
    script: { outcome: 'never' },
    until: isRunning('agent'),
  },
  {
    name: 'init-running',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('one', 'exit 0'), sh('two', FOREVER), sh('three', 'exit 0')] }),
    script: { outcome: 'never', container: 'two' },
    until: isRunning('two'),
    log: /^400 container .* is waiting to start: PodInitializing$/,
  },
  {
    name: 'init-failed',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('one', 'exit 0'), sh('two', 'exit 3'), sh('three', 'exit 0')] }),
    script: { outcome: 'fail', exitCode: 3, container: 'two' },
    until: isOver,
    log: /^400 container .* is waiting to start: PodInitializing$/,
  },
  {
    name: 'init-unconfigured',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('one', 'exit 0', UNCONFIGURED)] }),
    script: { outcome: 'config-error', container: 'one' },
    until: isWaiting('one', 'CreateContainerConfigError'),
  },
  {
    name: 'out-of-memory',
    spec: pod([sh('agent', 'sleep 2; exec dd if=/dev/zero of=/dev/null bs=200M count=10', { resources: { limits: { memory: '32Mi' } } })]),
    script: { outcome: 'out-of-memory' },
    until: isOver,
  },
  {
    name: 'message',
    spec: pod([sh('agent', `sleep 2; printf '{"changed":2}' > /dev/termination-log; exit 3`)]),
    script: { outcome: 'fail', exitCode: 3, message: '{"changed":2}' },
    until: isOver,
  },
  {
    name: 'message-cut',
    spec: pod(
      [sh('agent', 'sleep 2; printf a > /dev/termination-log; dd if=/dev/zero bs=4096 count=1 | tr "\\0" b >> /dev/termination-log')],
      {
        initContainers: [sh('one', 'exit 0'), sh('two', 'exit 0'), sh('three', 'exit 0')],
      },
    ),
    script: { message: `a${'b'.repeat(4_096)}` },
    until: isOver,
  },
  {
    name: 'message-from-log',
    spec: pod([
      sh('agent', 'echo first; sleep 2; echo last; exit 2', { terminationMessagePolicy: 'FallbackToLogsOnError' } as Partial<Container>),
    ]),
    script: { outcome: 'fail', exitCode: 2, log: 'first\nlast\n' },
    until: isOver,
    log: /^200 first\nlast\n$/,
  },
  {
    name: 'image-pull-error',
    spec: pod([ABSENT]),
    script: { outcome: 'image-pull' },
    until: isWaiting('agent', 'ErrImagePull'),
    log: /^400 container .* is waiting to start: image can't be pulled$/,
  },
  {
    name: 'image-pull-back-off',
    spec: pod([ABSENT]),
    script: { outcome: 'image-pull' },
    until: isWaiting('agent', 'ImagePullBackOff'),
    log: /^400 container .* is waiting to start: trying and failing to pull image$/,
  },
  {
    name: 'image-pull-beside',
    spec: pod([ABSENT, sh('beside', FOREVER)]),
    script: { outcome: 'image-pull' },
    until: (seen) => isWaiting('agent', 'ImagePullBackOff')(seen) && isRunning('beside')(seen),
  },
  {
    name: 'invalid-image',
    spec: pod([{ name: 'agent', image: 'docker.io/local/BAD:1' }]),
    script: { outcome: 'invalid-image' },
    until: isWaiting('agent', 'InvalidImageName'),
    log: /^400 container .* is waiting to start: InvalidImageName$/,
  },
  {
    name: 'unconfigured',
    spec: pod([sh('agent', FOREVER, UNCONFIGURED)]),
    script: { outcome: 'config-error' },
    until: isWaiting('agent', 'CreateContainerConfigError'),
    log: /^400 container .* is waiting to start: CreateContainerConfigError$/,
  },
  {
    name: 'sidecar-running',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('side', FOREVER, { restartPolicy: 'Always' }), sh('one', 'exit 0')] }),
    script: { outcome: 'never' },
    until: isRunning('agent', 'side'),
  },
  {
    name: 'sidecar-ended',
    spec: pod([sh('agent', 'sleep 2')], { initContainers: [sh('side', FOREVER, { restartPolicy: 'Always' })] }),
    script: {},
    until: isOver,
  },
  {
    name: 'beside-running',
    spec: pod([sh('agent', 'sleep 2'), sh('a-proxy', FOREVER)]),
    script: {},
    until: (seen) => stateOf(seen, 'agent').terminated !== undefined,
  },
  {
    name: 'restarted',
    spec: pod([sh('agent', 'sleep 2; exit 1')], { restartPolicy: 'OnFailure' }),
    script: { outcome: 'fail' },
    until: isWaiting('agent', 'CrashLoopBackOff'),
  },
  {
    name: 'rejected',
    spec: pod([sh('agent', FOREVER, { resources: { requests: { cpu: '1000' } } })], { nodeName: 'localhost' }),
    script: { outcome: 'rejected' },
    until: isOver,
    log: /^400 container "agent" in pod "rejected" is not available$/,
  },
  {
    name: 'deadline-pending',
    spec: pod([ABSENT], { activeDeadlineSeconds: 5 }),
    script: { outcome: 'image-pull' },
    until: isOver,
    log: /^400 container .* is waiting to start: trying and failing to pull image$/,
  },
  {
    name: 'deadline-in-init',
    spec: pod([sh('agent', FOREVER)], { activeDeadlineSeconds: 5, initContainers: [sh('one', DEAF)] }),
    script: { outcome: 'never', container: 'one', stopAfterMs: 3_600_000 },
    until: isOver,
  },
  {
    name: 'deleted-pending',
    spec: pod([ABSENT]),
    script: { outcome: 'image-pull' },
    act: { type: 'Delete', when: isWaiting('agent', 'ImagePullBackOff') },
    until: isReleased,
    log: /^400 container "agent" in pod "deleted-pending" is terminated$/,
  },
  {
    name: 'deleted-in-init',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('one', DEAF), sh('two', 'exit 0')] }),
    script: { outcome: 'never', container: 'one', stopAfterMs: 3_600_000 },
    act: { type: 'Delete', when: isRunning('one') },
    until: isReleased,
    log: /^400 container .* is waiting to start: PodInitializing$/,
  },
  {
    name: 'deleted-with-sidecar',
    spec: pod([sh('agent', FOREVER)], { initContainers: [sh('side', FOREVER, { restartPolicy: 'Always' })] }),
    script: { outcome: 'never', stopExitCode: 0 },
    act: { type: 'Delete', when: isRunning('agent') },
    until: isReleased,
    log: GONE,
  },
  {
    name: 'deleted-while-ending',
    spec: pod([sh('agent', FOREVER)]),
    script: { outcome: 'never', stopExitCode: 0 },
    act: { type: 'Evict', when: isRunning('agent') },
    until: isReleased,
    log: GONE,
  },
];
