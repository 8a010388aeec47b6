import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Task, TaskSpec } from '#core/api/task.ts';
import type { Kube } from '../support/kube.ts';
import { create, isFinished, isPodRunning, ok, podAt, task, taskAt, template } from '../support/objects.ts';
import { until } from '../support/watch.ts';
import { isReady, startHostPod } from './host-pod.ts';
import { OPENCODE_IMAGE } from './images.ts';

/** OpenCode takes seconds to start on a machine of its own, and here several start at once. */
const TIMEOUT_MS = 400_000;
const MODEL_PORT = 8000;

/** Without what it would ask of the world, and with the shell that our image has. */
const QUIET = [
  { name: 'OPENCODE_DISABLE_AUTOUPDATE', value: 'true' },
  { name: 'OPENCODE_DISABLE_MODELS_FETCH', value: 'true' },
  { name: 'SHELL', value: '/bin/sh' },
];

/** A part of the machine that nobody else takes: without it a Pod has hardly any where others work, too. */
const WORK = { requests: { cpu: '250m' } };

/**
 * The real OpenCode in Tasks' Pods, prepared by our image's helpers; the host is a Pod of our image, too. `image` is its name on the node; `openApi` lets Pods reach the
 * API server, once a Pod has run.
 */
export function describeRealAgent(kube: Kube, image: string, openApi: () => void): void {
  describe('a real agent, with our image as the system image and the host as a Pod', () => {
    let namespace: string;
    let modelUrl: string;
    beforeAll(async () => {
      namespace = await kube.namespace();
      await ok(
        kube.cluster.patch(
          { kind: 'KubeOpenCodeConfig', namespace: '', name: 'cluster' },
          { spec: { systemImage: { image } } },
          { patchType: 'merge' },
        ),
      );
      modelUrl = await startModel();
      openApi();
      await startHostPod(kube, image, namespace);
    }, TIMEOUT_MS);

    /** The stub of a language model, reached over the Pods' network. */
    async function startModel(): Promise<string> {
      const script = readFileSync(new URL('stub-model.mjs', import.meta.url), 'utf8');
      await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'model' },
        data: { 'stub-model.mjs': script },
      });
      const container = {
        name: 'model',
        image,
        command: ['/usr/bin/node', '/model/stub-model.mjs'],
        env: [{ name: 'PORT', value: String(MODEL_PORT) }],
        volumeMounts: [{ name: 'model', mountPath: '/model' }],
        resources: WORK,
        readinessProbe: { tcpSocket: { port: MODEL_PORT }, periodSeconds: 1 },
      };
      const spec = {
        terminationGracePeriodSeconds: 0,
        containers: [container],
        volumes: [{ name: 'model', configMap: { name: 'model' } }],
      };
      await kube.api.expect('POST', `/api/v1/namespaces/${namespace}/pods`, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'model' },
        spec,
      });
      const { status } = await until<PodWithAddress>(kube.cluster, podAt(namespace, 'model'), 'to be ready', isReady, TIMEOUT_MS);
      return `http://${status?.podIP}:${MODEL_PORT}/v1`;
    }

    /** A Task of an agent that asks the stub; `prompt` decides what it answers. */
    async function run(name: string, prompt: string, spec: Partial<TaskSpec> = {}, podSpec: AgentPodSpec = {}): Promise<void> {
      const plain = template(namespace, name);
      const config = {
        autoupdate: false,
        share: 'disabled',
        model: 'stub/model',
        provider: { stub: { npm: '@ai-sdk/openai-compatible', options: { baseURL: modelUrl, apiKey: 'none' }, models: { model: {} } } },
      };
      const images = { agentImage: OPENCODE_IMAGE, executorImage: image };
      const agent = {
        ...plain,
        spec: { ...plain.spec, ...images, config, podSpec: { resources: WORK, extraEnv: QUIET, ...podSpec } },
      };
      await create(kube.cluster, agent, task(namespace, name, { description: prompt, ...spec }));
    }

    const finished = (name: string): Promise<Task> =>
      until<Task>(kube.cluster, taskAt(namespace, name), 'to be finished', isFinished, TIMEOUT_MS);
    const logs = (pod: string, container: string): Promise<string> => kube.kubectl(['-n', namespace, 'logs', pod, '-c', container]);
    const agentLog = (name: string): Promise<string> => logs(`${name}-pod`, 'agent');

    /** What the model was asked with this word in it; waits until it was. */
    async function asked(word: string): Promise<readonly Asked[]> {
      for (let tries = 0; tries < TIMEOUT_MS / 500; tries++) {
        const lines = (await logs('model', 'model')).split('\n').filter((line) => line.startsWith('{') && line.includes(word));
        if (lines.length > 0) return lines.map((line) => JSON.parse(line) as Asked);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      throw new Error(`waiting for the model to be asked about ${word}: it was not`);
    }

    it.concurrent(
      'does what it is told with what it was given, and leaves an answer and a result',
      async () => {
        const contexts = [
          { type: 'Text', name: 'rules', text: 'the rule is forty-two', mountPath: 'guides/rules.md' },
          { type: 'Text', name: 'tone', text: 'be brief' },
        ] as const;
        await run('answers', `RUN cat guides/rules.md && echo '{"answer":42}' > /dev/termination-log`, { contexts: [...contexts] });
        const { status } = await finished('answers');
        expect(await agentLog('answers')).toContain('The answer is 42.');
        expect(status).toMatchObject({ phase: 'Completed', result: { answer: 42 }, attempts: [{ exitCode: 0, node: 'localhost' }] });
        const questions = await asked('guides/rules.md');
        expect(questions.map(({ url }) => url)).toContain('/v1/chat/completions');
        // The agent has run the command in the workspace, and has told the model what came of it.
        expect(questions.at(-1)?.results.join('')).toContain('the rule is forty-two');
        expect(await logs('answers-pod', 'context-init')).toMatch(/context-init: \/workspace\/guides\/rules\.md \(mode 0644\)/);
      },
      TIMEOUT_MS,
    );

    it.concurrent(
      'that its model refuses: Failed, and the log says why',
      async () => {
        await run('refused', 'REFUSE this');
        expect((await finished('refused')).status).toMatchObject({
          phase: 'Failed',
          cause: 'Application',
          attempts: [{ container: 'agent', exitCode: 1 }],
        });
        expect(await agentLog('refused')).toContain('this key may not ask');
      },
      TIMEOUT_MS,
    );

    it.concurrent(
      'stopped with Retain while it waits for its model: its log stays',
      async () => {
        await run('stopped-agent', 'WAIT for a long time', { stop: { mode: 'Retain' } });
        await asked('WAIT for a long time');
        await kube.kubectl(['-n', namespace, 'annotate', 'task', 'stopped-agent', 'kubeopencode.io/stop=true']);
        expect((await finished('stopped-agent')).status).toMatchObject({ phase: 'Completed', cause: 'Stopped' });
        expect(await agentLog('stopped-agent')).toContain('build');
      },
      TIMEOUT_MS,
    );

    it.concurrent(
      'with less memory than OpenCode needs: OutOfMemory',
      async () => {
        await run('starved', 'WAIT', {}, { resources: { ...WORK, limits: { memory: '64Mi' } } });
        const { status } = await finished('starved');
        expect(status).toMatchObject({ phase: 'Failed', cause: 'OutOfMemory', attempts: [{ exitCode: 137 }] });
        expect(status?.message).toContain('64Mi');
      },
      TIMEOUT_MS,
    );

    it.concurrent(
      'whose repository can’t be reached: the Task says what git said',
      async () => {
        const git = { repository: 'https://git.invalid/a.git' };
        const once = { systemContainers: { gitInit: { extraEnv: [{ name: 'GIT_CLONE_RETRIES', value: '1' }] } } };
        await run('no-repository', 'anything', { contexts: [{ type: 'Git', git, mountPath: 'repo' }] }, once);
        const { status } = await finished('no-repository');
        expect(status).toMatchObject({ phase: 'Failed', cause: 'InitContainer', attempts: [{ container: 'git-init-0', exitCode: 1 }] });
        expect(status?.message).toContain('Could not resolve host: git.invalid');
      },
      TIMEOUT_MS,
    );

    it.concurrent(
      'past its timeout',
      async () => {
        await run('too-slow', 'WAIT', { timeout: '30s', stop: { mode: 'Retain' } });
        expect((await finished('too-slow')).status).toMatchObject({ phase: 'Completed', cause: 'Timeout' });
      },
      TIMEOUT_MS,
    );

    it(
      'on a node that is drained: Evicted, and the node can be used again',
      async () => {
        await run('on-drained-node', 'WAIT on a node');
        await until<Pod>(kube.cluster, podAt(namespace, 'on-drained-node-pod'), 'to run', isPodRunning, TIMEOUT_MS);
        await asked('WAIT on a node');
        try {
          await kube.kubectl([
            'drain',
            'localhost',
            '--pod-selector=kubeopencode.io/task=on-drained-node',
            '--delete-emptydir-data',
            '--timeout=60s',
          ]);
          expect((await finished('on-drained-node')).status).toMatchObject({
            phase: 'Failed',
            cause: 'Evicted',
            attempts: [{ log: { truncated: false } }],
          });
        } finally {
          await kube.kubectl(['uncordon', 'localhost']);
        }
      },
      TIMEOUT_MS,
    );

    it('all of it was the work of the Pod, as its own user, on a root that it can’t write to', async () => {
      const inHost = (...command: readonly string[]): Promise<string> =>
        kube.kubectl(['-n', 'kubeopencode-system', 'exec', 'kubeopencode-controller', '--', ...command]);
      expect((await inHost('id', '-u')).trim()).toBe('65532');
      await expect(inHost('touch', '/usr/lib/kubeopencode/x')).rejects.toThrow('Read-only file system');
      const log = await kube.kubectl(['-n', 'kubeopencode-system', 'logs', 'kubeopencode-controller']);
      for (const name of ['answers', 'refused', 'stopped-agent', 'starved', 'no-repository', 'too-slow', 'on-drained-node'])
        expect(log).toContain(`"name":"${name}"`);
    });
  });
}

type PodWithAddress = Pod & { readonly status?: { readonly podIP?: string } };

interface Asked {
  readonly url: string;
  readonly prompt: readonly string[];
  readonly results: readonly string[];
}
