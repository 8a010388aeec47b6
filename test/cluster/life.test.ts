import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Cause, Task, TaskSpec } from '#core/api/task.ts';
import { hosts } from './support/host.ts';
import { openKube } from './support/kube.ts';
import { conditionOf, create, podAt, type Simulation, task, taskAt, template } from './support/objects.ts';
import { until, untilFinished, untilPodRuns } from './support/watch.ts';

const kube = await openKube();
const namespace = await kube.namespace();
const starter = hosts();
await starter.start({ namespaces: [namespace], flags: ['--reference-grace', '2s'] });

/** How a cause is brought about, and what people read of it. */
interface Way {
  readonly simulation?: Simulation;
  readonly podSpec?: AgentPodSpec;
  readonly spec?: Partial<TaskSpec>;
  /** What happens to the Task `name` when its Pod runs. */
  readonly act?: (name: string) => Promise<unknown>;
  readonly says: RegExp;
  /** Default: Failed. */
  readonly phase?: 'Completed';
  /** Of the attempt; null: there was none, since there was no Pod. */
  readonly shows?: object | null;
}

const kubectl = (...args: readonly string[]): Promise<string> => kube.kubectl(['-n', namespace, ...args]);
const RUNS: Simulation = { outcome: 'never' };

/** Every cause; but Engine, which no cluster brings about, and NodeLost, which is with the clean-up that keeps no logs. */
const WAYS: Readonly<Record<Exclude<Cause, 'Engine' | 'NodeLost'>, Way>> = {
  Application: { simulation: { outcome: 'fail', 'exit-code': '3', 'run-for': '0s' }, says: /agent.*exit code 3/, shows: { exitCode: 3 } },
  OutOfMemory: { simulation: { outcome: 'out-of-memory', 'run-for': '0s' }, says: /memory.*4Gi/, shows: { exitCode: 137, signal: 9 } },
  Evicted: { simulation: { outcome: 'evicted', 'run-for': '0s' }, says: /low on resource: memory/ },
  Preempted: { simulation: { outcome: 'preempted', 'run-for': '0s' }, says: /critical pod/ },
  PodDeleted: {
    simulation: { ...RUNS, 'stop-after': '1s' },
    act: (name) => kubectl('delete', 'pod', `${name}-pod`, '--wait=false'),
    says: /deleted while it ran/,
  },
  Image: {
    simulation: { outcome: 'image-pull' },
    spec: { pendingTimeouts: { imagePull: '2s' } },
    says: /container agent: image \S+ can't be pulled: .*not found/,
  },
  Configuration: {
    simulation: { outcome: 'config-error' },
    spec: { pendingTimeouts: { configuration: '2s' } },
    says: /container agent: can't be started: secret "agent-credentials" not found/,
  },
  Unschedulable: {
    simulation: { outcome: 'unschedulable' },
    spec: { pendingTimeouts: { unschedulable: '2s' } },
    says: /no node takes pod unschedulable-pod: 0 of \d nodes: \d didn't match Pod's node affinity\/selector/,
  },
  InitContainer: {
    simulation: { outcome: 'fail', 'exit-code': '7', container: 'context-init', 'run-for': '0s' },
    says: /context-init.*exit code 7/,
    shows: { container: 'context-init', exitCode: 7 },
  },
  Rejected: { podSpec: { scheduling: { nodeSelector: { 'no label': 'x' } } }, says: /nodeSelector/, shows: null },
  Timeout: { simulation: RUNS, spec: { timeout: '2s' }, says: /timed out after 2s/, phase: 'Completed' },
  Stopped: {
    simulation: RUNS,
    act: (name) => kubectl('annotate', 'task', name, 'kubeopencode.io/stop=true'),
    says: /kubeopencode\.io\/stop/,
    phase: 'Completed',
  },
  Agent: { spec: { templateRef: { name: 'nobody' } }, says: /nobody/, shows: null },
  Context: {
    spec: { contexts: [{ name: 'style', type: 'ConfigMap', configMap: { name: 'missing-guides', key: 'style.md' } }] },
    says: /missing-guides/,
    shows: null,
  },
};

describe('the cause of an end', () => {
  it.concurrent.each(Object.entries(WAYS))('%s', async (cause, { simulation, podSpec, spec, act, says, phase = 'Failed', shows = {} }) => {
    const name = cause.toLowerCase();
    await create(kube.cluster, template(namespace, name, simulation, podSpec), task(namespace, name, spec));
    if (act !== undefined) {
      await untilPodRuns(kube.cluster, namespace, name);
      await act(name);
    }
    const ended = await untilFinished(kube.cluster, namespace, name);
    expect(ended.status).toMatchObject({ phase, cause, message: expect.stringMatching(says) });
    const attempts = shows === null ? [] : [{ number: 1, cause, message: expect.stringMatching(says), ...shows }];
    expect(ended.status?.attempts ?? []).toMatchObject(attempts);
    expect(conditionOf(ended, 'Finished')).toMatch(phase === 'Failed' ? 'True/Failed' : `True/${cause}`);
    // Who reads lists sees it, too.
    const [header = '', row = ''] = (await kubectl('get', 'task', name, '-o', 'wide')).split('\n');
    expect(row.slice(header.indexOf('CAUSE'))).toMatch(new RegExp(`^${cause}\\b`));
  });
});

describe('a Task that an earlier version has stored', () => {
  it('as Running, with a Pod that bears nothing of ours, goes on to its end', async () => {
    const earlier = await kube.namespace();
    await create(kube.cluster, task(earlier, 'stored', { templateRef: { name: 'gone' } }));
    const { metadata } = await until<Task>(kube.cluster, taskAt(earlier, 'stored'), 'to exist', () => true);
    const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: 'stored', uid: metadata.uid };
    await kube.api.expect('POST', `/api/v1/namespaces/${earlier}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'stored-pod',
        labels: { app: 'kubeopencode', 'kubeopencode.io/task': 'stored', 'sim.kubeopencode.io/run-for': '5s' },
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
      spec: { restartPolicy: 'Never', containers: [{ name: 'agent', image: 'agent:1' }] },
    });
    const status = { observedGeneration: 1, phase: 'Running', podName: 'stored-pod', startTime: metadata.creationTimestamp };
    const ready = { type: 'Ready', status: 'True', reason: 'Running', message: '', lastTransitionTime: metadata.creationTimestamp };
    const path = `/apis/kubeopencode.io/v1alpha1/namespaces/${earlier}/tasks/stored/status`;
    await kube.api.expect('PATCH', path, { status: { ...status, conditions: [ready] } });

    await starter.start({ namespaces: [earlier] });
    const claimed = await until<KubernetesObject>(
      kube.cluster,
      podAt(earlier, 'stored-pod'),
      'to be claimed',
      (pod) => pod.metadata.labels?.['kubeopencode.io/task-uid'] === metadata.uid,
    );
    expect(claimed.metadata.finalizers).toEqual(['kubeopencode.io/pod-end']);
    const ended = await untilFinished(kube.cluster, earlier, 'stored');
    expect(ended.status).toMatchObject({
      phase: 'Completed',
      attemptCount: 1,
      attempts: [{ number: 1, podName: 'stored-pod', exitCode: 0 }],
    });
    expect(conditionOf(ended, 'Ready')).toBe('True/Running');
  });
});
