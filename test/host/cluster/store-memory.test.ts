import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import { Store } from '#host/cluster/store.ts';

const OBJECTS = 5_000;
/** Budget of the design for a finished Task, in bytes. */
const MOST_BYTES = 4_096;

/** A finished Task as the API server sends it: text, because that is what it is made from; every string that can differ differs. */
function finishedTask(index: number): string {
  const time = (seconds: number) => new Date(1_767_225_600_000 + index * 7_000 + seconds * 1_000).toISOString().replace('.000Z', 'Z');
  const uid = (kind: number) => `${String(index).padStart(8, '0')}-0000-4000-8000-${String(kind).padStart(12, '0')}`;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: time(40),
    observedGeneration: 1,
  });
  const name = `nightly-refactoring-${index}`;
  return JSON.stringify({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'Task',
    metadata: {
      name,
      namespace: `team-${index % 20}`,
      uid: uid(1),
      resourceVersion: String(1_000_000 + index),
      generation: 1,
      creationTimestamp: time(0),
      labels: { 'app.kubernetes.io/part-of': 'nightly', team: `team-${index % 20}` },
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(900),
        'kubeopencode.io/requested-by': `user-${index % 50}@example.com`,
      },
      managedFields: Array.from({ length: 3 }, (_, manager) => ({
        manager: `m${manager}`,
        operation: 'Update',
        fieldsV1: { 'f:status': { 'f:phase': {}, 'f:conditions': {} } },
      })),
    },
    spec: {
      description: `Refactor module ${index} and open a pull request; keep the tests green and say what was changed`,
      agentRef: { name: 'coder' },
      timeout: '1h',
    },
    status: {
      observedGeneration: 1,
      phase: index % 5 ? 'Completed' : 'Failed',
      podName: `${name}-pod`,
      startTime: time(2),
      completionTime: time(40),
      attemptCount: 1,
      attempts: [
        {
          number: 1,
          podName: `${name}-pod`,
          podUID: uid(2),
          node: `node-${index % 30}`,
          exitCode: 0,
          startTime: time(2),
          finishTime: time(40),
        },
      ],
      times: { queued: time(0), podCreated: time(2), scheduled: time(3), running: time(5), finished: time(40) },
      conditions: [
        condition('Ready', 'PodCreated', 'the Pod runs'),
        condition('Finished', 'Completed', 'the container agent ended with exit code 0'),
        condition('Stopped', 'NotStopped', ''),
      ],
      result: `{"pullRequest":"https://git.example.com/org/repo/pull/${index}","filesChanged":12,"summary":"done"}`,
    },
  });
}

/** The Pod of it, kept for its logs, as a kubelet leaves it. */
function endedPod(index: number): string {
  const time = (seconds: number) => new Date(1_767_225_600_000 + index * 7_000 + seconds * 1_000).toISOString().replace('.000Z', 'Z');
  const taskUid = `${String(index).padStart(8, '0')}-0000-4000-8000-000000000001`;
  const containerID = `containerd://${String(index).padStart(64, '0')}`;
  const condition = (type: string, status: string, seconds: number) => ({
    type,
    status,
    lastProbeTime: null,
    lastTransitionTime: time(seconds),
    observedGeneration: 1,
  });
  const name = `nightly-refactoring-${index}-pod`;
  return JSON.stringify({
    metadata: {
      name,
      namespace: `team-${index % 20}`,
      uid: `${String(index).padStart(8, '0')}-0000-4000-8000-000000000002`,
      resourceVersion: String(2_000_000 + index),
      generation: 1,
      creationTimestamp: time(2),
      labels: { 'kubeopencode.io/task': `nightly-refactoring-${index}`, 'kubeopencode.io/task-uid': taskUid, app: 'x' },
      annotations: { 'kubeopencode.io/attempt': '1' },
      ownerReferences: [
        {
          apiVersion: 'kubeopencode.io/v1alpha1',
          kind: 'Task',
          name: `nightly-refactoring-${index}`,
          uid: taskUid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': { 'f:phase': {} } } }],
    },
    spec: {
      nodeName: `node-${index % 30}`,
      terminationGracePeriodSeconds: 30,
      initContainers: [{ name: 'opencode-init', image: 'example.com/opencode:1' }],
      containers: [
        {
          name: 'agent',
          image: 'example.com/devbox:1',
          command: ['sh'],
          env: Array.from({ length: 10 }, (_, env) => ({ name: `E${env}`, value: 'v' })),
          resources: { limits: { memory: '1Gi' } },
        },
      ],
      volumes: [{ name: 'tools', emptyDir: {} }],
    },
    status: {
      phase: 'Succeeded',
      observedGeneration: 1,
      startTime: time(3),
      podIP: '10.0.0.1',
      qosClass: 'Burstable',
      conditions: [
        condition('PodReadyToStartContainers', 'False', 40),
        condition('Initialized', 'True', 4),
        condition('Ready', 'False', 40),
        condition('ContainersReady', 'False', 40),
        condition('PodScheduled', 'True', 3),
      ],
      initContainerStatuses: [
        {
          name: 'opencode-init',
          image: 'example.com/opencode:1',
          imageID: 'sha256:0',
          state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: time(3), finishedAt: time(4), containerID } },
        },
      ],
      containerStatuses: [
        {
          name: 'agent',
          image: 'example.com/devbox:1',
          imageID: 'sha256:1',
          lastState: {},
          state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: time(5), finishedAt: time(40), containerID } },
        },
      ],
    },
  });
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test.each([
  ['a finished Task', 'Task', finishedTask],
  ['the ended Pod of a Task', 'Pod', endedPod],
] as const)('%s takes less than 4 KiB in the store, indexes included', (what, kind, make) => {
  const store = new Store();
  const sink = store.sink(kind);
  const read = (index: number) => JSON.parse(make(index)) as KubernetesObject;
  sink.beginList();
  sink.page([read(OBJECTS)]);
  const before = usedBytes();
  for (let from = 0; from < OBJECTS; from += 500) sink.page(Array.from({ length: 500 }, (_, offset) => read(from + offset)));
  sink.endList('9999999');
  const bytesEach = (usedBytes() - before) / OBJECTS;
  console.log(`${what} takes ${Math.round(bytesEach)} bytes in the store; its JSON has ${make(1).length}`);
  expect(store.count(kind)).toBe(OBJECTS + 1);
  expect(bytesEach).toBeLessThan(MOST_BYTES);
  expect(bytesEach).toBeGreaterThan(300);
});
