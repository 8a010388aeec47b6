import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { BEST_EFFORT, condition, exited, type PodOptions, pod, read, running, SETTINGS, snapshot, task } from '#test/support/builders.ts';
import { decided, decidedWithLog, statusPatch, summary } from '#test/support/decide.ts';

const DELETED = { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 30 };
const DELETED_AT_GRACE_0 = { deletionTimestamp: '2026-01-01T10:04:30Z', deletionGracePeriodSeconds: 0, generation: 2 };

function disrupted(reason: string, message = 'because'): Partial<NonNullable<Pod['status']>> {
  return { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message }] };
}

interface Row {
  readonly name: string;
  readonly pod: PodOptions;
  readonly phase: 'Completed' | 'Failed';
  readonly cause?: string;
  readonly message?: RegExp;
}

describe('ADR 0009: how a Pod ended, and what its Task says', () => {
  test.each<Row>([
    { name: 'Succeeded', pod: { phase: 'Succeeded', agent: exited(0) }, phase: 'Completed' },
    {
      name: 'Failed, exit code',
      pod: { phase: 'Failed', agent: exited(3) },
      phase: 'Failed',
      cause: 'Application',
      message: /container agent: exit code 3 \(Error\)/,
    },
    {
      name: 'Failed, exit code with a termination message',
      pod: { phase: 'Failed', agent: exited(1, { message: 'no credit left\n' }) },
      phase: 'Failed',
      cause: 'Application',
      message: /no credit left\)/,
    },
    {
      name: 'Failed by a signal',
      pod: { phase: 'Failed', agent: exited(143) },
      phase: 'Failed',
      cause: 'Application',
      message: /exit code 143 \(signal 15\)/,
    },
    {
      name: 'status.reason Evicted',
      pod: { phase: 'Failed', status: { reason: 'Evicted', message: 'The node was low on resource: memory.' } },
      phase: 'Failed',
      cause: 'Evicted',
      message: /low on resource: memory.* \(node node-1\)/,
    },
    {
      name: 'Evicted without container statuses',
      pod: { phase: 'Failed', status: { reason: 'Evicted', message: 'm', containerStatuses: [] } },
      phase: 'Failed',
      cause: 'Evicted',
    },
    { name: 'status.reason Preempted', pod: { phase: 'Failed', status: { reason: 'Preempted' } }, phase: 'Failed', cause: 'Preempted' },
    {
      name: 'status.reason Preempting, as the kubelet writes it',
      pod: { phase: 'Failed', status: { reason: 'Preempting' } },
      phase: 'Failed',
      cause: 'Preempted',
    },
    {
      name: 'DisruptionTarget of the scheduler',
      pod: { phase: 'Failed', agent: exited(137), metadata: DELETED, status: disrupted('PreemptionByScheduler') },
      phase: 'Failed',
      cause: 'Preempted',
    },
    {
      name: 'DisruptionTarget of the Eviction API whose deletion is still to come: it had ended before',
      pod: { phase: 'Failed', agent: exited(3), status: disrupted('EvictionByEvictionAPI') },
      phase: 'Failed',
      cause: 'Application',
    },
    {
      name: 'the kubelet had it give way to a critical Pod',
      pod: { phase: 'Failed', agent: exited(137), status: { reason: 'Preempting', ...disrupted('TerminationByKubelet') } },
      phase: 'Failed',
      cause: 'Preempted',
    },
    {
      name: 'DisruptionTarget of the Eviction API',
      pod: { phase: 'Failed', agent: exited(137), metadata: DELETED, status: disrupted('EvictionByEvictionAPI') },
      phase: 'Failed',
      cause: 'Evicted',
    },
    {
      name: 'DisruptionTarget of the kubelet wins over the exit code',
      pod: { phase: 'Failed', agent: exited(1), status: disrupted('TerminationByKubelet') },
      phase: 'Failed',
      cause: 'Evicted',
    },
    {
      name: 'DisruptionTarget of the Pod garbage collector',
      pod: { phase: 'Failed', status: disrupted('DeletionByPodGC') },
      phase: 'Failed',
      cause: 'NodeLost',
    },
    {
      name: 'DisruptionTarget False says nothing',
      pod: {
        phase: 'Failed',
        agent: exited(2),
        status: { conditions: [{ type: 'DisruptionTarget', status: 'False', reason: 'EvictionByEvictionAPI' }] },
      },
      phase: 'Failed',
      cause: 'Application',
    },
    {
      name: 'out of memory',
      pod: {
        phase: 'Failed',
        agent: exited(137, { reason: 'OOMKilled' }),
        spec: { containers: [{ name: 'agent', resources: { limits: { memory: '4Gi' } } }] },
      },
      phase: 'Failed',
      cause: 'OutOfMemory',
      message: /memory limit of 4Gi/,
    },
    {
      name: 'init container failed',
      pod: {
        phase: 'Failed',
        agent: { waiting: { reason: 'PodInitializing' } },
        status: {
          initContainerStatuses: [
            { name: 'opencode-init', state: exited(0) },
            { name: 'git-init-0', state: exited(128) },
          ],
        },
      },
      phase: 'Failed',
      cause: 'InitContainer',
      message: /container git-init-0: exit code 128/,
    },
    {
      name: 'init container out of memory',
      pod: { phase: 'Failed', status: { initContainerStatuses: [{ name: 'plugin-init', state: exited(137, { reason: 'OOMKilled' }) }] } },
      phase: 'Failed',
      cause: 'OutOfMemory',
    },
    {
      name: 'a native sidecar that was ended is no init failure',
      pod: {
        phase: 'Failed',
        agent: exited(5),
        spec: { containers: [{ name: 'agent' }], initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
        status: { initContainerStatuses: [{ name: 'proxy', state: exited(137) }] },
      },
      phase: 'Failed',
      cause: 'Application',
      message: /container agent: exit code 5/,
    },
    {
      name: 'container could not be started',
      pod: { phase: 'Failed', agent: exited(128, { reason: 'StartError', message: 'exec: "opencode": not found' }) },
      phase: 'Failed',
      cause: 'Configuration',
      message: /could not be started \(StartError\)/,
    },
    {
      name: 'the kubelet did not admit the Pod',
      pod: { phase: 'Failed', status: { reason: 'OutOfcpu', message: 'Node did not have enough resource: cpu', containerStatuses: [] } },
      phase: 'Failed',
      cause: 'Unschedulable',
    },
    { name: 'status.reason NodeLost', pod: { phase: 'Failed', status: { reason: 'NodeLost' } }, phase: 'Failed', cause: 'NodeLost' },
    {
      name: 'nothing says why',
      pod: { phase: 'Failed', status: { containerStatuses: [], message: 'odd' } },
      phase: 'Failed',
      cause: 'Application',
      message: /no container says why.*odd/,
    },
    {
      name: 'a deadline that is not ours',
      pod: { phase: 'Failed', agent: exited(137), status: { reason: 'DeadlineExceeded' } },
      phase: 'Failed',
      cause: 'Configuration',
      message: /did not set/,
    },
    {
      name: 'our deadline, for a stop',
      pod: {
        phase: 'Failed',
        agent: exited(0),
        status: { reason: 'DeadlineExceeded' },
        annotations: { 'kubeopencode.io/ended-for': 'Stopped' },
      },
      phase: 'Completed',
      cause: 'Stopped',
    },
    {
      name: 'our deadline, for a timeout',
      pod: {
        phase: 'Failed',
        agent: exited(137),
        status: { reason: 'DeadlineExceeded' },
        annotations: { 'kubeopencode.io/ended-for': 'Timeout' },
      },
      phase: 'Completed',
      cause: 'Timeout',
    },
    {
      name: 'our deadline because sidecars outlived a good agent',
      pod: {
        phase: 'Failed',
        agent: exited(0),
        status: { reason: 'DeadlineExceeded' },
        annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
      },
      phase: 'Completed',
    },
    {
      name: 'our deadline because sidecars outlived a failed agent',
      pod: {
        phase: 'Failed',
        agent: exited(4),
        status: { reason: 'DeadlineExceeded' },
        annotations: { 'kubeopencode.io/ended-for': 'AgentEnded' },
      },
      phase: 'Failed',
      cause: 'Application',
      message: /exit code 4/,
    },
    {
      name: 'our deadline came after the Pod had ended by itself',
      pod: { phase: 'Succeeded', agent: exited(0), annotations: { 'kubeopencode.io/ended-for': 'Stopped' } },
      phase: 'Completed',
    },
    {
      name: 'deleted, and its container exits 0 on SIGTERM',
      pod: { phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:04:10Z' }), metadata: DELETED },
      phase: 'Failed',
      cause: 'PodDeleted',
      message: /was deleted while it ran/,
    },
    {
      name: 'deleted after it had succeeded',
      pod: { phase: 'Succeeded', agent: exited(0, { finishedAt: '2026-01-01T10:03:59Z' }), metadata: DELETED },
      phase: 'Completed',
    },
    {
      name: 'deleted after it had failed',
      pod: { phase: 'Failed', agent: exited(9, { finishedAt: '2026-01-01T10:03:00Z' }), metadata: DELETED },
      phase: 'Failed',
      cause: 'Application',
    },
    {
      name: 'first seen at grace 0, the last status is older than the deletion',
      pod: { phase: 'Succeeded', agent: exited(0), metadata: DELETED_AT_GRACE_0, status: { observedGeneration: 1 } },
      phase: 'Completed',
    },
    {
      name: 'first seen at grace 0, the last status is younger',
      pod: { phase: 'Succeeded', agent: exited(0), metadata: DELETED_AT_GRACE_0, status: { observedGeneration: 2 } },
      phase: 'Failed',
      cause: 'PodDeleted',
      message: /can't be told/,
    },
    {
      name: 'first seen at grace 0, disrupted',
      pod: {
        phase: 'Failed',
        agent: exited(137),
        metadata: DELETED_AT_GRACE_0,
        status: { observedGeneration: 2, ...disrupted('EvictionByEvictionAPI') },
      },
      phase: 'Failed',
      cause: 'Evicted',
    },
    {
      name: 'deleted before it was scheduled',
      pod: { phase: 'Pending', metadata: DELETED_AT_GRACE_0, spec: { nodeName: '' } },
      phase: 'Failed',
      cause: 'PodDeleted',
      message: /before it was scheduled/,
    },
    {
      name: 'node lost: long past its grace and nobody says how it ended',
      pod: { phase: 'Running', metadata: { deletionTimestamp: '2026-01-01T09:59:00Z', deletionGracePeriodSeconds: 30 } },
      phase: 'Failed',
      cause: 'NodeLost',
      message: /containers may still run/,
    },
  ])('$name', (row) => {
    const found = read([{ kind: 'Pod', name: 'fix-bug-pod', live: true }, { found: pod(row.pod) }]);
    const before = snapshot({ task: task({ status: running() }), pods: [pod(row.pod)], read: found });
    const decision = decidedWithLog(before);
    const status = statusPatch(decision);
    expect(status).toMatchObject({ phase: row.phase, completionTime: '2026-01-01T10:05:00Z' });
    // A field that is not there already is not written as null.
    expect(status?.cause).toBe(row.cause);
    if (row.message !== undefined) expect(status?.message).toMatch(row.message);
    expect(decision.queue, 'an ended Task holds no place').toBeUndefined();
    const isStopped = row.cause === 'Stopped' || row.cause === 'Timeout';
    expect(summary(decision.actions)).toEqual([
      'Patch Task/status fix-bug',
      expect.stringMatching(/^Event (Completed|Failed|Stopped|Timeout)$/),
      ...(isStopped ? ['Delete Pod fix-bug-pod'] : []),
      'Patch Pod fix-bug-pod',
    ]);
    const withoutLog = decided({ ...before, settings: BEST_EFFORT });
    expect(summary(withoutLog.actions), 'without a log there is nothing to wait for').toEqual(summary(decision.actions));
    expect(statusPatch(withoutLog)).toMatchObject({ phase: row.phase });
    expect(statusPatch(withoutLog)?.cause).toBe(row.cause);
  });

  test.each<{ name: string; pod: PodOptions }>([
    { name: 'Pending', pod: { phase: 'Pending', agent: { waiting: { reason: 'ContainerCreating' } } } },
    { name: 'Running', pod: {} },
    { name: 'Unknown', pod: { phase: 'Unknown' } },
    { name: 'Running, image pull fails', pod: { phase: 'Pending', agent: { waiting: { reason: 'ImagePullBackOff' } } } },
    {
      name: 'Running, being deleted, inside its grace',
      pod: { metadata: { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 } },
    },
  ])('a Pod that is $name leaves its Task Running', (row) => {
    const decision = decided(
      snapshot({ task: task({ status: running({ times: { podCreated: '2026-01-01T10:00:00Z' } }) }), pods: [pod(row.pod)] }),
    );
    expect(statusPatch(decision)?.phase).toBeUndefined();
    expect(summary(decision.actions)).not.toContainEqual(expect.stringContaining('Delete'));
  });

  test('an end is recorded whole: attempt, times, exit code, signal, node', () => {
    const ended = pod({
      phase: 'Failed',
      agent: exited(139, { message: 'segfault' }),
      status: { conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T10:00:01Z' }] },
    });
    const status = statusPatch(decided(snapshot({ task: task({ status: running() }), pods: [ended] })));
    const times = {
      podCreated: '2026-01-01T10:00:00Z',
      scheduled: '2026-01-01T10:00:01Z',
      running: '2026-01-01T10:00:05Z',
      finished: '2026-01-01T10:04:00Z',
    };
    expect(status?.attempts).toEqual([
      {
        number: 1,
        podName: 'fix-bug-pod',
        podUID: 'pod-uid',
        node: 'node-1',
        cause: 'Application',
        container: 'agent',
        exitCode: 139,
        signal: 11,
        message: 'container agent: exit code 139 (signal 11) (Error: segfault)',
        times,
      },
    ]);
    expect(status?.times).toEqual(times);
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Finished', status: 'True', reason: 'Failed' }));
  });

  test('the JSON object that the agent left is its result; anything else is not', () => {
    const left = (message: string): unknown =>
      statusPatch(
        decided(snapshot({ task: task({ status: running() }), pods: [pod({ phase: 'Succeeded', agent: exited(0, { message }) })] })),
      )?.result;
    expect(left('{"pullRequest":12}')).toEqual({ pullRequest: 12 });
    expect(left('all done')).toBeUndefined();
    expect(left('[1]')).toBeUndefined();
  });
});

describe('the moment of a deletion is kept when it is first seen', () => {
  const deleting = { deletionTimestamp: '2026-01-01T10:05:20Z', deletionGracePeriodSeconds: 30 };

  test('as deletionTimestamp minus grace, in a condition', () => {
    const decision = decided(snapshot({ task: task({ status: running() }), pods: [pod({ metadata: deleting })] }));
    expect(statusPatch(decision)?.conditions).toEqual([
      expect.objectContaining({ type: 'PodDeleting', status: 'True', lastTransitionTime: '2026-01-01T10:04:50Z' }),
    ]);
    expect(decision.wakeAt, 'the node counts as lost 300 s after the grace').toBe('2026-01-01T10:10:20.000Z');
  });

  test.each([
    { name: 'ended after it: not completed', finishedAt: '2026-01-01T10:04:55Z', phase: 'Failed', cause: 'PodDeleted' },
    { name: 'ended before it: completed', finishedAt: '2026-01-01T10:04:49Z', phase: 'Completed', cause: undefined },
  ])('and tells later, when the API server has moved the timestamp, a Pod that $name', ({ finishedAt, phase, cause }) => {
    const status = running({ conditions: [condition('PodDeleting', 'True', 'DeletionRequested', '2026-01-01T10:04:50Z')] });
    const ended = pod({
      phase: 'Succeeded',
      agent: exited(0, { finishedAt }),
      metadata: { deletionTimestamp: '2026-01-01T10:04:56Z', deletionGracePeriodSeconds: 0, generation: 2 },
      status: { observedGeneration: 2 },
    });
    for (const settings of [SETTINGS, BEST_EFFORT]) {
      const patch = statusPatch(decidedWithLog(snapshot({ task: task({ status }), pods: [ended], settings })));
      expect(patch).toMatchObject({ phase });
      expect(patch?.cause).toBe(cause);
    }
  });
});

describe('status JSON of a real kubelet (1.37.2)', () => {
  /** Our container is named `agent`; the fixtures' `main`. */
  function fixture(name: string): Pod {
    const text = readFileSync(new URL(`../fixtures/pods/${name}.json`, import.meta.url), 'utf8');
    return JSON.parse(text.replaceAll('"name": "main"', '"name": "agent"').replaceAll('"name":"main"', '"name":"agent"')) as Pod;
  }

  test.each([
    { file: 'short', what: 'a Pod that ran to its end', endedFor: undefined, phase: 'Completed', cause: undefined },
    { file: 'retain', what: 'our deadline on a container that ends cleanly', endedFor: 'Stopped', phase: 'Completed', cause: 'Stopped' },
    { file: 'ignore', what: 'our deadline on a container that ignores SIGTERM', endedFor: 'Timeout', phase: 'Completed', cause: 'Timeout' },
    { file: 'ignore', what: 'the same deadline, set by somebody else', endedFor: undefined, phase: 'Failed', cause: 'Configuration' },
    {
      file: 'held',
      what: 'a deleted Pod that exits 0 on SIGTERM, phase Succeeded',
      endedFor: undefined,
      phase: 'Failed',
      cause: 'PodDeleted',
    },
    { file: 'evicted', what: 'an eviction by the API, no status.reason', endedFor: undefined, phase: 'Failed', cause: 'Evicted' },
  ])('$file.json: $what', ({ file, endedFor, phase, cause }) => {
    const real = fixture(file);
    const named: Pod = {
      ...real,
      metadata: {
        ...real.metadata,
        name: 'fix-bug-pod',
        annotations: endedFor === undefined ? {} : { 'kubeopencode.io/ended-for': endedFor },
      },
    };
    for (const settings of [SETTINGS, BEST_EFFORT]) {
      const patch = statusPatch(decidedWithLog(snapshot({ task: task({ status: running() }), pods: [named], settings })));
      expect(patch).toMatchObject({ phase });
      expect(patch?.cause).toBe(cause);
    }
  });
});
