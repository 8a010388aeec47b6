import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { agentStarted, blockedBy } from '#core/task/pending.ts';
import { applied } from '#test/support/applied.ts';
import { CREATED, running, snapshot, task } from '#test/support/builders.ts';
import { decidedWithLog } from '#test/support/decide.ts';
import { fixturesIn, kubeletFixture, podFixture } from '#test/support/pod-fixtures.ts';

/** Some time after the last of the recordings. */
const LATER = '2026-11-26T20:00:00.000Z';

/** What is made of a Pod that nobody had heard of before: whether its agent started, what kept it from that, and what its Task says. */
interface Row {
  readonly file: string;
  readonly started: boolean;
  /** The reason of `PodBlocked`; its message is the Task's. */
  readonly blocked?: string;
  readonly phase: 'Running' | 'Completed' | 'Failed';
  readonly cause?: string;
  readonly message?: string;
  /** The container by which its end is told, and its exit code. */
  readonly ended?: readonly [container: string, exitCode: number];
}

const NO_REGISTRY =
  'container agent: image 127.0.0.1:1/local/none:1 can\'t be pulled: failed to pull and unpack image "127.0.0.1:1/local/none:1": failed to resolve reference "127.0.0.1:1/local/none:1": failed to do request: Head "http://127.0.0.1:1/v2/local/none/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused';
const BAD_IMAGE =
  'container agent: image docker.io/local/BAD:1 can\'t be pulled: Failed to apply default image tag "docker.io/local/BAD:1": couldn\'t parse image name "docker.io/local/BAD:1": invalid reference format: repository name (local/BAD) must be lowercase';
const FOREIGN_DEADLINE = 'the pod ran into an activeDeadlineSeconds that this controller did not set; look for a webhook or a user who did';
const DRAINED = 'EvictionByEvictionAPI: Eviction API: evicting (node localhost)';
const deleted = (phase: string): string => `pod fix-bug-pod was deleted; it can't be told whether it had finished before (phase ${phase})`;
const noSecret = (container: string): string => `container ${container}: can't be started: secret "no-such-secret" not found`;

const SITUATIONS: readonly Row[] = [
  { file: 'beside-running', started: true, phase: 'Running' },
  { file: 'creating', started: false, phase: 'Running' },
  { file: 'deadline-in-init', started: false, phase: 'Failed', cause: 'Configuration', message: FOREIGN_DEADLINE },
  { file: 'deadline-pending', started: false, phase: 'Failed', cause: 'Configuration', message: FOREIGN_DEADLINE },
  { file: 'deleted-in-init', started: false, phase: 'Failed', cause: 'PodDeleted', message: deleted('Failed') },
  // It never ran: a node that was asked to end a container of which it knows nothing says 137.
  { file: 'deleted-pending', started: false, phase: 'Failed', cause: 'PodDeleted', message: deleted('Failed'), ended: ['agent', 137] },
  { file: 'deleted-while-ending', started: true, phase: 'Failed', cause: 'Evicted', message: DRAINED, ended: ['agent', 0] },
  { file: 'deleted-with-sidecar', started: true, phase: 'Failed', cause: 'PodDeleted', message: deleted('Succeeded'), ended: ['agent', 0] },
  { file: 'image-pull-back-off', started: false, blocked: 'ImagePull', phase: 'Running', cause: 'Image', message: NO_REGISTRY },
  { file: 'image-pull-beside', started: false, blocked: 'ImagePull', phase: 'Running', cause: 'Image', message: NO_REGISTRY },
  { file: 'image-pull-error', started: false, blocked: 'ImagePull', phase: 'Running', cause: 'Image', message: NO_REGISTRY },
  {
    file: 'init-failed',
    started: false,
    phase: 'Failed',
    cause: 'InitContainer',
    message: 'container two: exit code 3 (Error)',
    ended: ['two', 3],
  },
  { file: 'init-running', started: false, phase: 'Running' },
  {
    file: 'init-unconfigured',
    started: false,
    blocked: 'Configuration',
    phase: 'Running',
    cause: 'Configuration',
    message: noSecret('one'),
  },
  { file: 'invalid-image', started: false, blocked: 'ImagePull', phase: 'Running', cause: 'Image', message: BAD_IMAGE },
  {
    file: 'message',
    started: true,
    phase: 'Failed',
    cause: 'Application',
    message: 'container agent: exit code 3 (Error: {"changed":2})',
    ended: ['agent', 3],
  },
  { file: 'message-cut', started: true, phase: 'Completed', ended: ['agent', 0] },
  {
    file: 'message-from-log',
    started: true,
    phase: 'Failed',
    cause: 'Application',
    message: 'container agent: exit code 2 (Error: first\nlast)',
    ended: ['agent', 2],
  },
  {
    file: 'out-of-memory',
    started: true,
    phase: 'Failed',
    cause: 'OutOfMemory',
    message: 'container agent: OOMKilled: it needed more than its memory limit of 32Mi (exit code 137)',
    ended: ['agent', 137],
  },
  {
    file: 'rejected',
    started: false,
    phase: 'Failed',
    cause: 'Unschedulable',
    message:
      "OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: 0, capacity: 2000 (node localhost)",
  },
  { file: 'restarted', started: true, phase: 'Running' },
  { file: 'running', started: true, phase: 'Running' },
  { file: 'sidecar-ended', started: true, phase: 'Completed', ended: ['agent', 0] },
  { file: 'sidecar-running', started: true, phase: 'Running' },
  {
    file: 'unconfigured',
    started: false,
    blocked: 'Configuration',
    phase: 'Running',
    cause: 'Configuration',
    message: noSecret('agent'),
  },
];

const ENDINGS: readonly Row[] = [
  { file: 'evicted', started: true, phase: 'Failed', cause: 'Evicted', message: DRAINED, ended: ['agent', 137] },
  { file: 'held', started: true, phase: 'Failed', cause: 'PodDeleted', message: deleted('Succeeded'), ended: ['agent', 0] },
  // The two deadlines are ours only with our annotation: see the causes that are our own doing.
  { file: 'ignore', started: true, phase: 'Failed', cause: 'Configuration', message: FOREIGN_DEADLINE, ended: ['agent', 137] },
  { file: 'retain', started: true, phase: 'Failed', cause: 'Configuration', message: FOREIGN_DEADLINE, ended: ['agent', 0] },
  { file: 'short', started: true, phase: 'Completed', ended: ['agent', 0] },
];

function rowOf(file: string, made: Pod): Row {
  const before = snapshot({
    now: LATER,
    task: task({ status: running({ startTime: made.metadata.creationTimestamp ?? CREATED }) }),
    pods: [made],
  });
  const { phase, cause, message, attempts } = applied(before, decidedWithLog(before)).task?.status ?? {};
  const blocked = blockedBy(made);
  if (blocked !== null) expect(blocked.message, 'PodBlocked and the Task say the same').toBe(message);
  const { container, exitCode, cause: attemptCause, message: attemptMessage, node } = attempts?.[0] ?? {};
  if (attempts !== undefined)
    expect([attemptCause, attemptMessage, node], 'the attempt says the same').toEqual([cause, message, 'localhost']);
  return {
    file,
    started: agentStarted(made),
    ...(blocked === null ? {} : { blocked: blocked.reason }),
    phase: phase as Row['phase'],
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
    ...(container === undefined || exitCode === undefined ? {} : { ended: [container, exitCode] as const }),
  };
}

describe('what is made of each Pod that a real kubelet showed', () => {
  test.each(SITUATIONS)('$file: $phase $cause', (row) => {
    expect(rowOf(row.file, kubeletFixture(row.file))).toEqual(row);
  });
  test.each(ENDINGS)('$file: $phase $cause', (row) => {
    expect(rowOf(row.file, podFixture(row.file))).toEqual(row);
  });
  test('none is left out', () => {
    expect(SITUATIONS.map(({ file }) => file)).toEqual(fixturesIn('kubelet'));
    expect(ENDINGS.map(({ file }) => file)).toEqual(fixturesIn('pods'));
  });
});
