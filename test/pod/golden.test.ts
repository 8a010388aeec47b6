import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { configMap, type Ingredients, outcome } from './support.ts';

const golden = (name: string): string => fileURLToPath(new URL(`../golden/pod/${name}.yaml`, import.meta.url));

const everything = {
  agentImage: 'registry.example/opencode:1.15.13',
  executorImage: 'registry.example/devbox:2',
  config: { model: 'anthropic/claude', permission: { bash: 'allow' } },
  contexts: [
    { type: 'Runtime' },
    { type: 'Text', name: 'style', text: 'Write tests first.' },
    { type: 'ConfigMap', configMap: { name: 'guide' } },
    { type: 'ConfigMap', configMap: { name: 'certs' }, mountPath: '/etc/certs' },
    { type: 'Git', git: { repository: 'https://git.example/app', ref: 'main', depth: 0, secretRef: { name: 'git' } }, mountPath: 'src' },
  ],
  skills: [{ name: 'house', git: { repository: 'https://git.example/skills', path: 'skills', names: ['review'] } }],
  plugins: [
    { name: '@org/safety@1.2.3', options: { level: 2 } },
    { name: 'look', target: 'tui' },
  ],
  credentials: [
    { name: 'key', secretRef: { name: 'llm', key: 'api-key' }, env: 'API_KEY' },
    { name: 'all', secretRef: { name: 'tokens' } },
    { name: 'ssh', secretRef: { name: 'ssh' }, mountPath: '/home/agent/.ssh', fileMode: 0o400 },
  ],
  caBundle: { configMapRef: { name: 'ca' } },
  imagePullSecrets: [{ name: 'registry' }],
  podSpec: {
    labels: { team: 'a' },
    annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
    scheduling: { nodeSelector: { pool: 'agents' }, tolerations: [{ key: 'agents', operator: 'Exists' }] },
    runtimeClassName: 'gvisor',
    priorityClassName: 'batch',
    terminationGracePeriodSeconds: 120,
    resources: { requests: { cpu: 1, memory: '2Gi' }, limits: { memory: '8Gi' } },
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
    podSecurityContext: { fsGroup: 1000 },
    lifecycle: { preStop: { exec: { command: ['sync'] } } },
    extraVolumes: [{ name: 'cache', persistentVolumeClaim: { claimName: 'cache' } }],
    extraVolumeMounts: [{ name: 'cache', mountPath: '/cache' }],
    extraEnv: [{ name: 'LANG', value: 'C.UTF-8' }],
    systemContainers: { gitInit: { extraEnv: [{ name: 'GIT_CLONE_RETRIES', value: '5' }] } },
  },
} as const satisfies Ingredients['template'];

const cluster = {
  systemImage: { image: 'registry.example/kubeopencode:0.1.7' },
  proxy: { httpsProxy: 'http://proxy.example:3128', noProxy: '10.0.0.0/8' },
  observability: {
    openTelemetry: {
      enabled: true,
      endpoint: 'http://otel:4318',
      enableLLMTraces: true,
      headers: { 'x-key': { valueFrom: { secretKeyRef: { name: 'otel', key: 'key' } } } },
    },
  },
} as const satisfies Ingredients['config'];

const wholeTask = {
  description: 'Fix the bug in `parse`.\n',
  contexts: [{ type: 'Text', text: 'secret santa', mountPath: '/opt/notes/santa.txt', fileMode: 0o600 }],
} as const;

describe('whole Pods', () => {
  test.each<[string, Ingredients]>([
    ['smallest', { task: { description: 'Say hello.' } }],
    [
      'everything',
      {
        template: everything,
        task: wholeTask,
        config: cluster,
        read: configMap('guide', { 'review.md': 'Be kind.', 'api.md': 'Be stable.' }),
      },
    ],
    [
      'attached',
      {
        agent: { execution: 'Attach', credentials: everything.credentials, maxConcurrentTasks: 2 },
        task: { description: 'Say hello.' },
        attempt: 2,
        evidence: 'BestEffort',
      },
    ],
  ])('%s', async (name, given) => {
    const result = outcome(given);
    expect(result.type).toBe('Built');
    await expect(stringify(result, { lineWidth: 0, aliasDuplicateObjects: false })).toMatchFileSnapshot(golden(name));
  });
});
