import { describe, expect, test } from 'vitest';
import type { Pod, PodCondition } from '#core/api/kubernetes.ts';
import type { Cause, Task, TaskStatus } from '#core/api/task.ts';
import type { Outcome, Settings, Snapshot } from '#core/contract/snapshot.ts';
import { applied } from '#test/support/applied.ts';
import {
  agentTask,
  BEST_EFFORT,
  CREATED,
  condition,
  configured,
  exited,
  found,
  NOW,
  type PodOptions,
  pod,
  read,
  running,
  SETTINGS,
  snapshot,
  task,
} from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch } from '#test/support/decide.ts';
import { podFixture } from '#test/support/pod-fixtures.ts';

/** What is said of an end, after the Pod went through these states in turn. */
function ends(made: Task, pods: readonly Pod[], settings: Settings = SETTINGS): { cause: unknown; message: unknown; phase: unknown } {
  let before = snapshot({ task: made, settings });
  for (const seen of pods) {
    const now = { ...before, pods: [seen] };
    before = applied(now, seen === pods.at(-1) ? decidedWithLog(now) : decided(now));
  }
  const { cause, message, phase } = before.task?.status ?? {};
  return { cause, message, phase };
}

const disruption = (reason: string, message: string): PodCondition => ({ type: 'DisruptionTarget', status: 'True', reason, message });
const DELETING = { deletionTimestamp: '2026-01-01T10:05:25Z', deletionGracePeriodSeconds: 30 };
const DELETED = { deletionTimestamp: '2026-01-01T10:04:58Z', deletionGracePeriodSeconds: 0, generation: 2 };

interface Row {
  readonly cause: Cause;
  readonly told: string;
  readonly pod: PodOptions;
  readonly message: RegExp;
}

describe('each cause, by what a Pod says that ended by itself', () => {
  test.each<Row>([
    {
      cause: 'Application',
      told: 'the agent’s exit code, and what it left as its last words',
      pod: { phase: 'Failed', agent: exited(2, { message: 'model quota is used up\n' }) },
      message: /^container agent: exit code 2 \(Error: model quota is used up\)$/,
    },
    {
      cause: 'Application',
      told: 'a signal that nobody of us sent',
      pod: { phase: 'Failed', agent: exited(139) },
      message: /^container agent: exit code 139 \(signal 11\) \(Error\)$/,
    },
    {
      cause: 'OutOfMemory',
      told: 'OOMKilled, with the limit',
      pod: {
        phase: 'Failed',
        agent: exited(137, { reason: 'OOMKilled' }),
        spec: { containers: [{ name: 'agent', resources: { limits: { memory: '2Gi' } } }] },
      },
      message: /^container agent: OOMKilled: it needed more than its memory limit of 2Gi \(exit code 137\)$/,
    },
    {
      cause: 'OutOfMemory',
      told: 'OOMKilled without a limit: by its node',
      pod: { phase: 'Failed', agent: exited(137, { reason: 'OOMKilled' }) },
      message: /^container agent: OOMKilled: it needed more than node node-1 could give \(exit code 137\)$/,
    },
    {
      cause: 'Evicted',
      told: 'a kubelet under pressure (status.reason and DisruptionTarget)',
      pod: {
        phase: 'Failed',
        agent: exited(137),
        status: {
          reason: 'Evicted',
          message: 'The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 900Mi.',
          conditions: [disruption('TerminationByKubelet', 'The node was low on resource: ephemeral-storage.')],
        },
      },
      message: /^TerminationByKubelet: The node was low on resource: ephemeral-storage\. \(node node-1\)$/,
    },
    {
      cause: 'Evicted',
      told: 'a node that shuts down',
      pod: { phase: 'Failed', status: { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' } },
      message: /imminent node shutdown\. \(node node-1\)$/,
    },
    {
      cause: 'Preempted',
      told: 'the kubelet, for a critical Pod',
      pod: { phase: 'Failed', status: { reason: 'Preempting', message: 'Preempted in order to admit critical pod' } },
      message: /^Preempting: Preempted in order to admit critical pod \(node node-1\)$/,
    },
    {
      cause: 'NodeLost',
      told: 'the Pod garbage collector',
      pod: { phase: 'Failed', status: { conditions: [disruption('DeletionByPodGC', 'PodGC: node no longer exists')] } },
      message: /^DeletionByPodGC: PodGC: node no longer exists \(node node-1\)$/,
    },
    {
      cause: 'NodeLost',
      told: 'a node that lost sight of the container',
      pod: {
        phase: 'Failed',
        agent: {
          terminated: {
            exitCode: 137,
            reason: 'ContainerStatusUnknown',
            message: 'The container could not be located when the pod was terminated',
          },
        },
      },
      message: /^container agent: ContainerStatusUnknown: The container could not be located when the pod was terminated \(node node-1\)$/,
    },
    ...['OutOfcpu', 'OutOfnvidia.com/gpu', 'NodeAffinity', 'TaintToleration', 'UnexpectedAdmissionError'].map(
      (reason): Row => ({
        cause: 'Unschedulable',
        told: `a kubelet that did not admit it: ${reason}`,
        pod: { phase: 'Failed', status: { reason, message: 'Pod was rejected', containerStatuses: [] } },
        message: new RegExp(`^${reason}: Pod was rejected \\(node node-1\\)$`),
      }),
    ),
    {
      cause: 'Configuration',
      told: 'a kubelet that can never admit it',
      pod: {
        phase: 'Failed',
        status: { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted', containerStatuses: [] },
      },
      message: /kernel\.msgmax/,
    },
    {
      cause: 'Configuration',
      told: 'a command that is not there; the kubelet says 1970 of what never started',
      pod: {
        phase: 'Failed',
        agent: exited(128, {
          reason: 'StartError',
          startedAt: '1970-01-01T00:00:00Z',
          message: 'failed to create containerd task: exec: "opencode": executable file not found in $PATH: unknown',
        }),
      },
      message: /^container agent could not be started \(StartError\): .*executable file not found in \$PATH/,
    },
    {
      cause: 'Configuration',
      told: 'an image that can’t be run',
      pod: {
        phase: 'Failed',
        agent: exited(128, { reason: 'ContainerCannotRun', message: 'exec format error' }),
        spec: { containers: [{ name: 'agent', image: 'example.com/agent:arm' }] },
      },
      message: /^container agent \(image example\.com\/agent:arm\) could not be started \(ContainerCannotRun\): exec format error$/,
    },
    {
      cause: 'Configuration',
      told: 'a deadline of somebody else',
      pod: {
        phase: 'Failed',
        agent: exited(137),
        status: { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' },
      },
      message: /activeDeadlineSeconds that this controller did not set/,
    },
    {
      cause: 'InitContainer',
      told: 'an init container’s exit code',
      pod: {
        phase: 'Failed',
        agent: { waiting: { reason: 'PodInitializing' } },
        status: { initContainerStatuses: [{ name: 'git-init-0', state: exited(128, { message: 'fatal: repository not found' }) }] },
      },
      message: /^container git-init-0: exit code 128 \(Error: fatal: repository not found\)$/,
    },
  ])('$cause: $told', (row) => {
    const end = ends(task({ status: running() }), [pod(row.pod)]);
    expect(end).toEqual({ cause: row.cause, message: expect.stringMatching(row.message), phase: 'Failed' });
  });

  test('what never started has no time at which it ran', () => {
    const never = pod({ phase: 'Failed', agent: exited(128, { reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' }) });
    const patch = statusPatch(decided(snapshot({ task: task({ status: running() }), pods: [never] })));
    expect(patch?.attempts).toMatchObject([{ exitCode: 128, times: { finished: '2026-01-01T10:04:00Z' } }]);
    expect(JSON.stringify(patch)).not.toContain('1970');
  });
});

describe('each cause that comes with a deletion, in either order of events', () => {
  const after = exited(137, { finishedAt: '2026-01-01T10:04:58Z' });
  const gone = { phase: 'Failed' as const, agent: after, metadata: DELETED };
  const rows: readonly { readonly by: string; readonly cause: Cause; readonly condition?: PodCondition; readonly message: RegExp }[] = [
    {
      by: 'the scheduler',
      cause: 'Preempted',
      condition: disruption('PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'),
      message: /higher priority pod/,
    },
    {
      by: 'a drain',
      cause: 'Evicted',
      condition: disruption('EvictionByEvictionAPI', 'Eviction API: evicting'),
      message: /Eviction API: evicting \(node node-1\)/,
    },
    {
      by: 'a taint',
      cause: 'Evicted',
      condition: disruption('DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'),
      message: /NoExecute taint/,
    },
    { by: 'a person', cause: 'PodDeleted', message: /^pod fix-bug-pod was deleted while it ran$/ },
  ];
  describe.each(rows)('$cause by $by', ({ cause, condition: word, message }) => {
    const conditions = word === undefined ? [] : [word];
    const orders = [
      {
        order: 'condition, deletion, end',
        pods: [
          pod({ status: { conditions } }),
          pod({ metadata: DELETING, status: { conditions } }),
          pod({ ...gone, status: { conditions } }),
        ],
      },
      {
        order: 'deletion, condition, end',
        pods: [pod({ metadata: DELETING }), pod({ metadata: DELETING, status: { conditions } }), pod({ ...gone, status: { conditions } })],
      },
      { order: 'deletion, then both at once', pods: [pod({ metadata: DELETING }), pod({ ...gone, status: { conditions } })] },
    ];
    test.each(orders)('$order', ({ pods }) => {
      for (const settings of [SETTINGS, BEST_EFFORT])
        expect(ends(task({ status: running() }), pods, settings)).toEqual({
          cause,
          message: expect.stringMatching(message),
          phase: 'Failed',
        });
    });
    test('a Pod that exits 0 on SIGTERM has not succeeded', () => {
      const clean = pod({ ...gone, phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:04:58Z' }), status: { conditions } });
      expect(ends(task({ status: running() }), [pod({ metadata: DELETING, status: { conditions } }), clean])).toMatchObject({
        cause,
        phase: 'Failed',
      });
    });
    test('a Pod that had ended before was not ended by that', () => {
      const before = pod({ ...gone, agent: exited(3, { finishedAt: '2026-01-01T10:04:50Z' }), status: { conditions } });
      expect(ends(task({ status: running() }), [pod({ metadata: DELETING, status: { conditions } }), before])).toMatchObject({
        cause: 'Application',
      });
    });
    test('a Pod first seen at its very end', () => {
      const end = ends(task({ status: running() }), [pod({ ...gone, status: { conditions, observedGeneration: 2 } })]);
      expect(end).toMatchObject({ cause, phase: 'Failed' });
    });
  });

  test('a real eviction, as the kubelet left it', () => {
    expect(ends(task({ status: running() }), [podFixture('evicted')])).toMatchObject({
      cause: 'Evicted',
      message: 'EvictionByEvictionAPI: Eviction API: evicting (node localhost)',
    });
  });
  test('a real deletion of a Pod that exits 0 on SIGTERM', () => {
    expect(ends(task({ status: running() }), [podFixture('held')])).toMatchObject({ cause: 'PodDeleted', phase: 'Failed' });
  });
  test('the moment of a deletion is kept while the log of its Pod is read: the API server moves it', () => {
    const first = snapshot({
      task: task({ status: running() }),
      pods: [pod({ phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:04:50Z' }), metadata: DELETING })],
    });
    const reading = decided(first);
    expect(statusPatch(reading)?.conditions).toContainEqual(
      expect.objectContaining({ type: 'PodDeleting', lastTransitionTime: '2026-01-01T10:04:55Z' }),
    );
    const moved = pod({ phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:04:50Z' }), metadata: DELETED });
    const last = decidedWithLog({ ...applied(first, reading), pods: [moved] });
    expect(statusPatch(last)).toMatchObject({ phase: 'Completed' });
    expect(statusPatch(last)?.cause).toBeUndefined();
  });
});

describe('each cause that is our own doing', () => {
  const intended = (reason: string, message: string): TaskStatus =>
    running({ conditions: [condition('Stopping', 'True', reason, '2026-01-01T10:04:30Z', message)] });
  test.each([
    { cause: 'Stopped', file: 'retain', ending: 'UserStopped', endedFor: 'Stopped', phase: 'Completed' },
    { cause: 'Timeout', file: 'ignore', ending: 'Timeout', endedFor: 'Timeout', phase: 'Completed' },
  ])('$cause, by a deadline that a real kubelet kept', ({ cause, file, ending, endedFor, phase }) => {
    const ended = podFixture(file, { annotations: { 'kubeopencode.io/ended-for': endedFor } });
    expect(ends(task({ status: intended(ending, '') }), [ended])).toMatchObject({ cause, phase });
  });
  test.each([
    { cause: 'Stopped', ending: 'UserStopped', phase: 'Completed' },
    { cause: 'Timeout', ending: 'Timeout', phase: 'Completed' },
    { cause: 'Image', ending: 'ImagePull', phase: 'Failed' },
    { cause: 'Unschedulable', ending: 'Unschedulable', phase: 'Failed' },
    { cause: 'Configuration', ending: 'Configuration', phase: 'Failed' },
  ])('$cause, by a deletion of a Pod that never ran its agent', ({ cause, ending, phase }) => {
    // Its init containers were done long before; a kubelet that knows of no agent leaves it waiting, another says that it lost sight of it.
    for (const agent of [
      { waiting: { reason: 'ImagePullBackOff' } },
      { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    ]) {
      const ended = pod({
        phase: 'Failed',
        agent,
        metadata: DELETED,
        status: {
          containerStatuses: [{ name: 'agent', state: agent }],
          initContainerStatuses: [{ name: 'opencode-init', state: exited(0, { finishedAt: '2026-01-01T10:00:10Z' }) }],
        },
      });
      const end = ends(task({ status: intended(ending, 'it was kept from running for too long: because') }), [ended]);
      expect(end).toMatchObject({ cause, phase });
    }
  });
});

describe('each cause without a Pod', () => {
  const outcome = (actionId: string, more: Partial<Outcome>): Partial<Snapshot> => ({
    outcomes: [{ actionId, result: 'refused', count: 1, firstAt: NOW, lastAt: NOW, ...more }],
  });
  const missing = (reason: string, message: string): TaskStatus => ({
    phase: 'Pending',
    message,
    conditions: [condition('Ready', 'False', reason, '2026-01-01T10:03:00Z', message)],
  });
  const CODER = { kind: 'Agent', name: 'coder' } as const;
  const NO_POD = [{ kind: 'Pod', name: 'fix-bug-pod', live: true }, { absent: true }] as const;
  const noAgent = 'agent "coder" not found in namespace "team-a"';
  test('Agent: it is missing for longer than anybody waits', () => {
    const before = snapshot({
      task: agentTask({ status: missing('AgentError', noAgent) }),
      read: read(NO_POD, [CODER, { absent: true }], [{ ...CODER, live: true }, { absent: true }]),
    });
    expect(statusPatch(decided(before))).toMatchObject({
      phase: 'Failed',
      cause: 'Agent',
      completionTime: '2026-01-01T10:05:00Z',
    });
  });
  test('Context: a ConfigMap of its contexts is missing', () => {
    const contexts = [{ type: 'ConfigMap', configMap: { name: 'notes' } }] as never;
    const before = snapshot({
      task: task({ spec: { contexts } }),
      read: { ...found(), ...read(NO_POD, [{ kind: 'ConfigMap', name: 'notes' }, { absent: true }]) },
    });
    const waiting = applied(before, decided(before));
    expect(waiting.task?.status).toMatchObject({ phase: 'Pending', cause: 'Context' });
    expect(statusPatch(decided({ ...waiting, now: '2026-01-01T10:06:00.000Z' }))).toMatchObject({ phase: 'Failed' });
  });
  test('Rejected: the API server will never accept the Pod; a 403 can be mended', () => {
    const refused = (code: number) =>
      decided(
        snapshot({
          read: { ...found(), ...read(NO_POD) },
          ...outcome('pod/1', { code, reason: 'Invalid', message: 'spec.volumes[2].name: Duplicate value' }),
        }),
      );
    expect(statusPatch(refused(422))).toMatchObject({
      phase: 'Failed',
      cause: 'Rejected',
      message: expect.stringContaining('Duplicate value'),
    });
    expect(statusPatch(refused(403))).toMatchObject({ phase: 'Pending' });
  });
  test('PodDeleted: it is gone, and nothing says how it ended', () => {
    const gone = read([{ kind: 'Pod', name: 'fix-bug-pod', live: true }, { absent: true }]);
    const patch = statusPatch(
      decided(snapshot({ task: task({ status: running() }), read: gone, settings: configured({ evidence: 'BestEffort' }) })),
    );
    expect(patch).toMatchObject({
      phase: 'Failed',
      cause: 'PodDeleted',
      attempts: [{ number: 1, podName: 'fix-bug-pod', cause: 'PodDeleted', times: { finished: '2026-01-01T10:05:00Z' } }],
    });
  });
  test('NodeLost: nobody ends the Pod, and a live read still shows it', () => {
    const lost = pod({ metadata: { deletionTimestamp: '2026-01-01T09:59:00Z', deletionGracePeriodSeconds: 30 } });
    const before = snapshot({
      task: task({ status: running({ times: { podCreated: CREATED } }) }),
      pods: [lost],
      read: read([{ kind: 'Pod', name: 'fix-bug-pod', live: true }, { found: lost }]),
    });
    expect(statusPatch(decided(before))).toMatchObject({
      phase: 'Failed',
      cause: 'NodeLost',
      message: expect.stringContaining('its containers may still run'),
      attempts: [{ node: 'node-1', log: { missing: expect.stringContaining('its node gave no log in time') } }],
    });
  });
});
