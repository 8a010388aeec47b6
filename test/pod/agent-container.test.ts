import { describe, expect, test } from 'vitest';
import { built, envNames, envOf, type Ingredients } from './support.ts';

const attach: Ingredients = { agent: { execution: 'Attach' } };
const title = "'kubeopencode/team-a/fix-bug/0b1c2d3e'";
const link = 'ln -sf /tools/opencode /usr/local/bin/opencode 2>/dev/null || true';
const warmUp = '/tools/opencode models --refresh 2>/dev/null || true';

describe('image and command', () => {
  test.each<[string, Ingredients, string, readonly string[]]>([
    [
      'a Task of a template',
      {},
      'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
      ['sh', '-c', `${link}; ${warmUp}; exec /tools/opencode run --title ${title} < '/workspace/task.md'`],
    ],
    [
      'a Task of an Agent, in its own Pod',
      { agent: { executorImage: 'mine:1' } },
      'mine:1',
      ['sh', '-c', `${link}; ${warmUp}; exec /tools/opencode run --title ${title} < '/workspace/task.md'`],
    ],
    [
      'a Task attached to the Agent’s server',
      attach,
      'ghcr.io/kubeopencode/kubeopencode-agent-attach:latest',
      [
        'sh',
        '-c',
        `${link}; exec /tools/opencode run --attach 'http://coder.team-a.svc.cluster.local:4096' --title ${title} < '/workspace/task.md'`,
      ],
    ],
    [
      'a command of its own',
      { template: { command: ['run.sh', '--now'] } },
      'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
      ['run.sh', '--now'],
    ],
    [
      'a command of its own, attached: the executor’s image, no flags',
      { agent: { execution: 'Attach', command: ['run.sh'] } },
      'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
      ['run.sh'],
    ],
    [
      'a workspace with odd characters is quoted',
      { template: { workspaceDir: "/it's here/$HOME" } },
      'ghcr.io/kubeopencode/kubeopencode-agent-devbox:latest',
      ['sh', '-c', `${link}; ${warmUp}; exec /tools/opencode run --title ${title} < '/it'\\''s here/$HOME/task.md'`],
    ],
  ])('%s', (_, given, image, command) => {
    expect(built(given).main).toMatchObject({ image, command });
  });
});

test('there is one container, named agent, working in the workspace, without ports', () => {
  const { pod, main } = built({ template: { workspaceDir: '/work' } });
  expect(pod.spec.containers).toHaveLength(1);
  expect(main).toMatchObject({ name: 'agent', workingDir: '/work' });
  expect(main).not.toHaveProperty('ports');
});

describe('resources, security context, lifecycle', () => {
  test.each<[string, Ingredients]>([
    ['a Task of a template', {}],
    ['an attached one', attach],
  ])('%s: defaults', (_, given) => {
    expect(built(given).main).toMatchObject({
      resources: { requests: { memory: '512Mi' }, limits: { memory: '4Gi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(built(given).main).not.toHaveProperty('lifecycle');
  });

  test('podSpec replaces each as a whole', () => {
    const podSpec = {
      resources: { limits: { cpu: 2, memory: '8Gi' }, claims: [{ name: 'gpu' }] },
      securityContext: { runAsNonRoot: true },
      lifecycle: { postStart: { exec: { command: ['true'] } } },
    };
    const { main } = built({ template: { podSpec } });
    expect(main.resources).toEqual({ limits: { cpu: '2', memory: '8Gi' }, claims: [{ name: 'gpu' }] });
    expect(main.securityContext).toEqual({ runAsNonRoot: true });
    expect(main.lifecycle).toEqual(podSpec.lifecycle);
  });
});

describe('variables', () => {
  test('of a plain Task', () => {
    expect(built({}).main.env).toEqual([
      { name: 'HOME', value: '/tmp' },
      { name: 'SHELL', value: '/bin/bash' },
      { name: 'PATH', value: '/tools:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      { name: 'TASK_NAME', value: 'fix-bug' },
      { name: 'TASK_NAMESPACE', value: 'team-a' },
      { name: 'WORKSPACE_DIR', value: '/workspace' },
      { name: 'OPENCODE_PERMISSION', value: '{"*":"allow"}' },
    ]);
    expect(built({}).main).not.toHaveProperty('envFrom');
  });

  test('of one with everything, in order', () => {
    const { main } = built({
      template: {
        config: { model: 'x' },
        plugins: [{ name: 'look', target: 'tui' }],
        contexts: [
          { type: 'Text', text: 'x' },
          { type: 'Git', git: { repository: 'r' }, mountPath: 'src' },
        ],
        credentials: [
          { name: 'c', secretRef: { name: 's', key: 'k' }, env: 'TOKEN' },
          { name: 'd', secretRef: { name: 'all' } },
        ],
        caBundle: { secretRef: { name: 'ca' } },
        proxy: { httpsProxy: 'http://proxy' },
        podSpec: { extraEnv: [{ name: 'HOME', value: '/home/me' }] },
      },
      config: {
        observability: {
          openTelemetry: {
            enabled: true,
            endpoint: 'http://otel',
            recordContent: true,
            headers: { 'x-key': { valueFrom: { secretKeyRef: { name: 'o', key: 'k' } } } },
          },
        },
      },
    });
    expect(envNames(main)).toEqual([
      'HOME',
      'SHELL',
      'PATH',
      'TASK_NAME',
      'TASK_NAMESPACE',
      'WORKSPACE_DIR',
      'OPENCODE_CONFIG',
      'OPENCODE_TUI_CONFIG',
      'OPENCODE_PERMISSION',
      'OPENCODE_CONFIG_CONTENT',
      'TOKEN',
      'GIT_CONFIG_GLOBAL',
      'CUSTOM_CA_CERT_PATH',
      'HTTPS_PROXY',
      'https_proxy',
      'NO_PROXY',
      'no_proxy',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_HEADER_X_KEY',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
      'HOME',
    ]);
    expect(main.envFrom).toEqual([{ secretRef: { name: 'all' } }]);
  });

  test.each<[string, Ingredients['template'], boolean, string | undefined]>([
    ['nothing', {}, false, undefined],
    ['the context file', { contexts: [{ type: 'Text', text: 'x' }] }, false, '{"instructions":[".kubeopencode/context.md"]}'],
    [
      'a context file of people’s own',
      { contexts: [{ type: 'Text', text: 'x', mountPath: '.kubeopencode/context.md' }] },
      false,
      '{"instructions":[".kubeopencode/context.md"]}',
    ],
    ['traces', {}, true, '{"experimental":{"openTelemetry":true}}'],
    [
      'both',
      { contexts: [{ type: 'Text', text: 'x' }] },
      true,
      '{"experimental":{"openTelemetry":true},"instructions":[".kubeopencode/context.md"]}',
    ],
  ])('OPENCODE_CONFIG_CONTENT for %s', (_, template, enableLLMTraces, value) => {
    const config = { observability: { openTelemetry: { enabled: true, endpoint: 'http://otel', enableLLMTraces } } };
    expect(envOf(built({ template: template ?? {}, config }).main).OPENCODE_CONFIG_CONTENT).toBe(value);
  });
});
