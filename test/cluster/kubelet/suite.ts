import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import { hosts } from '../support/host.ts';
import { startInstalled } from '../support/installed.ts';
import { openKube } from '../support/kube.ts';
import { create, isFinished, isPodRunning, keptLog, ok, podAt, task, taskAt, template } from '../support/objects.ts';
import { until, untilGone } from '../support/watch.ts';
import { AGENT, openCodeImage, PAUSE } from './images.ts';
import { routeKubernetesService } from './kubernetes-service.ts';
import { prepareNode, startNode } from './node.ts';
import { OWN_IMAGE, writeOpenCode, writeOwnImage } from './own-image.ts';
import { describeRealAgent } from './real-agent.ts';
import { describeSituations } from './situations.ts';

const folder = prepareNode();
const { info, controlPlane } = await startInstalled({ fakeNodes: 0, afterwards: folder.cleanUp });
afterAll(() => controlPlane.stop());
const files = { ownImage: join(folder.path, 'own-image.tar'), openCode: join(folder.path, 'opencode') };
await Promise.all([writeOwnImage(files.ownImage), writeOpenCode(files.openCode)]);
await startNode(controlPlane, folder, { pause: PAUSE, others: [AGENT, openCodeImage(files.openCode)], archives: [files.ownImage] });
const kube = await openKube(info);
const namespace = await kube.namespace();
await kube.kubectl(
  ['apply', '--server-side', '-f', '-'],
  JSON.stringify({
    apiVersion: 'kubeopencode.io/v1alpha1',
    kind: 'KubeOpenCodeConfig',
    metadata: { name: 'cluster' },
    spec: { systemImage: { image: AGENT.name } },
  }),
);
await hosts(info).start({ namespaces: [namespace] });

/** A Task whose agent runs its description as a shell script. */
async function run(name: string, script: string, spec: Partial<TaskSpec> = {}, podSpec: AgentPodSpec = {}): Promise<void> {
  const plain = template(namespace, name);
  const onNode = {
    ...plain,
    spec: { ...plain.spec, agentImage: AGENT.name, executorImage: AGENT.name, podSpec: { resources: {}, ...podSpec } },
  };
  await create(kube.cluster, onNode, task(namespace, name, { description: script, ...spec }));
}

const finished = (name: string): Promise<Task> => until<Task>(kube.cluster, taskAt(namespace, name), 'to be finished', isFinished, 60_000);
const running = (name: string): Promise<Pod> => until<Pod>(kube.cluster, podAt(namespace, `${name}-pod`), 'to run', isPodRunning, 60_000);
const logs = (name: string): Promise<string> => kube.kubectl(['-n', namespace, 'logs', `${name}-pod`, '-c', 'agent']);
const stop = (name: string): Promise<string> => kube.kubectl(['-n', namespace, 'annotate', 'task', name, 'kubeopencode.io/stop=true']);
const podOf = async (name: string): Promise<Pod> => (await ok(kube.cluster.get(podAt(namespace, `${name}-pod`)))) as Pod;

const UNTIL_TERM = "trap 'echo saving; sleep 1; echo saved; exit 0' TERM; echo up; while true; do sleep 0.1; done";
const LAST_WORDS = 'up\nsaving\nsaved\n';

describe('a Task on a real kubelet', () => {
  it.concurrent('succeeds, with all its init containers, and its log can be read', async () => {
    await run('hello', 'echo hello');
    expect((await finished('hello')).status).toMatchObject({ phase: 'Completed', attempts: [{ exitCode: 0, node: 'localhost' }] });
    expect(await logs('hello')).toBe('hello\n');
  });

  it.concurrent('fails with its exit code', async () => {
    await run('exit-3', 'echo no credentials; exit 3');
    expect((await finished('exit-3')).status).toMatchObject({
      phase: 'Failed',
      cause: 'Application',
      attempts: [{ exitCode: 3, container: 'agent' }],
    });
  });

  it.concurrent('leaves a result in its termination message', async () => {
    await run('result', `echo '{"changed":2}' > /dev/termination-log`);
    expect((await finished('result')).status).toMatchObject({ phase: 'Completed', result: { changed: 2 } });
  });

  it.concurrent('that needs too much memory: OutOfMemory, where its kubelet says so', async () => {
    for (let count = 1; ; count++) {
      const name = `greedy-${count}`;
      await run(name, 'exec dd if=/dev/zero of=/dev/null bs=200M count=10', {}, { resources: { limits: { memory: '32Mi' } } });
      const { status } = await finished(name);
      const ended = (await podOf(name)).status?.containerStatuses?.find((container) => container.name === 'agent')?.state?.terminated;
      const isTold = ended?.reason === 'OOMKilled';
      expect(status).toMatchObject({ phase: 'Failed', cause: isTold ? 'OutOfMemory' : 'Application', attempts: [{ exitCode: 137 }] });
      if (isTold) return expect(status?.message).toMatch(/32Mi/);
      // containerd hears of a container's end and of the kernel's kill in two ways; where the end comes first, it gives no reason for it.
      expect(count, 'one of five is told as a kill for memory').toBeLessThan(5);
    }
  }, 120_000);

  it.concurrent('stopped with Retain: SIGTERM, time to save, and the log stays', async () => {
    await run('retained', UNTIL_TERM, { stop: { mode: 'Retain' } });
    await running('retained');
    await stop('retained');
    expect((await finished('retained')).status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 0 }] });
    expect(await logs('retained')).toBe(LAST_WORDS);
    expect((await podOf('retained')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it.concurrent('stopped: SIGTERM, time to save, the log is kept to its last word, and then the Pod goes', async () => {
    await run('stopped', UNTIL_TERM);
    await running('stopped');
    await stop('stopped');
    const ended = await finished('stopped');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 0, log: { truncated: false } }] });
    expect(await keptLog(kube.cluster, ended)).toBe(LAST_WORDS);
    await untilGone(kube.cluster, podAt(namespace, 'stopped-pod'));
  });

  it.concurrent('stopped with another grace than the Pod’s: its deletion, and the log is followed while it ends', async () => {
    await run('hurried', UNTIL_TERM, { stop: { gracePeriodSeconds: 10 } }, { terminationGracePeriodSeconds: 20 });
    await running('hurried');
    await stop('hurried');
    const ended = await finished('hurried');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 0 }] });
    expect(await keptLog(kube.cluster, ended)).toBe(LAST_WORDS);
  });

  it.concurrent('is told why before it is stopped: the file is there when SIGTERM comes', async () => {
    const script = `trap 'echo "why: $(cat "$KUBEOPENCODE_STOP_REASON_FILE")"; exit 0' TERM; cat "$KUBEOPENCODE_STOP_REASON_FILE"; while true; do sleep 0.1; done`;
    const names = ['told-1', 'told-2', 'told-3', 'told-4'];
    await Promise.all(names.map((name) => run(name, script, { stop: { mode: 'Delete' } })));
    await run('told-late', script, { timeout: '14s', stop: { mode: 'Retain' } });
    await Promise.all(names.map(running));
    await Promise.all(names.map(stop));
    for (const name of names) expect(await keptLog(kube.cluster, await finished(name))).toBe('why: Stopped\n');
    expect((await finished('told-late')).status).toMatchObject({ cause: 'Timeout' });
    expect(await logs('told-late')).toBe('why: Timeout\n');
  });

  it.concurrent('stopped, and deaf to SIGTERM: killed after its grace', async () => {
    await run('deaf', "trap '' TERM; while true; do sleep 0.1; done", {}, { terminationGracePeriodSeconds: 2 });
    await running('deaf');
    await stop('deaf');
    expect((await finished('deaf')).status).toMatchObject({ phase: 'Completed', cause: 'Stopped', attempts: [{ exitCode: 137 }] });
  });

  it.concurrent('past its timeout: ended by the kubelet', async () => {
    await run('slow', UNTIL_TERM, { timeout: '12s', stop: { mode: 'Retain' } });
    expect((await finished('slow')).status).toMatchObject({ phase: 'Completed', cause: 'Timeout', attempts: [{ exitCode: 0 }] });
    expect((await podOf('slow')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it.concurrent('past its timeout, and not to be retained: its log is kept, and the Pod goes', async () => {
    await run('slower', UNTIL_TERM, { timeout: '12s' });
    const ended = await finished('slower');
    expect(ended.status).toMatchObject({ phase: 'Completed', cause: 'Timeout', attempts: [{ exitCode: 0 }] });
    expect(await keptLog(kube.cluster, ended)).toBe(LAST_WORDS);
    await untilGone(kube.cluster, podAt(namespace, 'slower-pod'));
  });

  it.concurrent('that fails and is tried again succeeds in its second Pod, and the first stays with its log', async () => {
    // A Pod's host name is its own.
    const script = 'case "$(cat /etc/hostname)" in *-pod-2) echo better ;; *) echo no network; exit 1 ;; esac';
    await run('again', script, { retry: { limit: 1, backoff: { initial: '1s' } } });
    const { status } = await finished('again');
    expect(status).toMatchObject({
      phase: 'Completed',
      attemptCount: 2,
      retries: { limit: 1 },
      attempts: [
        { number: 1, podName: 'again-pod', cause: 'Application', exitCode: 1 },
        { number: 2, podName: 'again-pod-2', exitCode: 0 },
      ],
    });
    expect(await logs('again')).toBe('no network\n');
    expect(await kube.kubectl(['-n', namespace, 'logs', 'again-pod-2', '-c', 'agent'])).toBe('better\n');
  });

  it.concurrent('whose Pod somebody deletes while its container exits 0 on SIGTERM: not Completed', async () => {
    await run('deleted', UNTIL_TERM);
    await running('deleted');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'deleted-pod', '--wait=false']);
    const ended = until<Pod>(
      kube.cluster,
      podAt(namespace, 'deleted-pod'),
      'to have ended',
      ({ status }) => status?.phase === 'Succeeded',
      60_000,
    );
    const deleted = await finished('deleted');
    expect(deleted.status).toMatchObject({ phase: 'Failed', cause: 'PodDeleted', attempts: [{ exitCode: 0 }] });
    expect(await keptLog(kube.cluster, deleted)).toBe(LAST_WORDS);
    await ended;
    await untilGone(kube.cluster, podAt(namespace, 'deleted-pod'));
  });

  it.concurrent('evicted, as a drain does: Evicted, though the Pod has no reason; its log is followed to its last word', async () => {
    await run('drained', UNTIL_TERM);
    await running('drained');
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'drained-pod', namespace } };
    const startedMs = performance.now();
    await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods/drained-pod/eviction`, eviction);
    await untilGone(kube.cluster, podAt(namespace, 'drained-pod'));
    // Its agent takes a second of that.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    const ended = await finished('drained');
    expect(ended.status).toMatchObject({ phase: 'Failed', cause: 'Evicted', attempts: [{ exitCode: 0 }] });
    expect(await keptLog(kube.cluster, ended)).toBe(LAST_WORDS);
  });

  it.concurrent('with a sidecar that does not end: the agent’s end is the Task’s, and the Pod is ended', async () => {
    const kept = template(namespace, 'beside', {}, { resources: {}, terminationGracePeriodSeconds: 1 });
    const spec = { ...kept.spec, agentImage: AGENT.name, executorImage: AGENT.name };
    const onNode = { ...kept, spec };
    await injectSidecar('beside', `Object.spec.containers{name: "sidecar", image: "${AGENT.name}", command: ["sleep", "1000"]}`);
    await create(kube.cluster, onNode, task(namespace, 'beside', { description: 'exit 0' }));
    expect((await finished('beside')).status).toMatchObject({ phase: 'Completed', attempts: [{ exitCode: 0 }] });
    expect((await podOf('beside')).status?.containerStatuses?.map(({ name, state }) => [name, state?.terminated !== undefined])).toEqual([
      ['agent', true],
      ['sidecar', true],
    ]);
  });
});

describeSituations(kube, namespace);
describeRealAgent(kube, OWN_IMAGE, () => routeKubernetesService(info.server));

/** A webhook that injects a container, as service meshes do; here the API server's own policy. */
async function injectSidecar(taskName: string, container: string): Promise<void> {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const name = 'sidecar.test.kubeopencode.io';
  const policy = {
    apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: {
        objectSelector: { matchLabels: { 'kubeopencode.io/task': taskName } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: "add", path: "/spec/containers/-", value: ${container}}]` } },
      ],
    },
  };
  const binding = { apiVersion, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name } };
  await kube.api.expect('POST', `/apis/${apiVersion}/mutatingadmissionpolicies`, policy);
  await kube.api.expect('POST', `/apis/${apiVersion}/mutatingadmissionpolicybindings`, binding);
  const probe = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', labels: { 'kubeopencode.io/task': taskName } },
    spec: { containers: [{ name: 'agent', image: AGENT.name }] },
  };
  // It holds about a second later.
  for (let tries = 0; tries < 100; tries++) {
    const { text } = await kube.api.call('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, probe);
    if (text.includes('"sidecar"')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('injecting a sidecar: expected the policy to hold within 10 s, it did not');
}
