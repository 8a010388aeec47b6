import { agent, agentTemplate, bareTask, config, task, taskWithContext } from './build.ts';
import type { CrdCase } from './cases.ts';

const durations = [
  '90s',
  '30m',
  '1h30m',
  '1.5h',
  '.5s',
  '1.h',
  '0',
  '-0',
  '+5m',
  '-1h',
  '100ms',
  '1us',
  '1µs',
  '1μs',
  '1ns',
  '1h1h',
  '2562047h',
];

/** What upstream's CRDs accept, in upstream's form. */
const upstreamCases: readonly CrdCase[] = [
  ...durations.map((timeout) => ({ name: `timeout ${timeout}`, manifest: task({ timeout }) })),
  { name: 'task of an agent', manifest: task({ description: 'Fix the tests.\n' }) },
  { name: 'task of a template', manifest: bareTask({ templateRef: { name: 'team-base' } }) },
  {
    name: 'Text context',
    manifest: taskWithContext({
      name: 'rules',
      description: 'House rules',
      type: 'Text',
      text: 'Be brief.',
      mountPath: 'rules.md',
      fileMode: 420,
    }),
  },
  { name: 'empty text', manifest: taskWithContext({ type: 'Text', text: '' }) },
  {
    name: 'ConfigMap context',
    manifest: taskWithContext({ type: 'ConfigMap', configMap: { name: 'guides', key: 'a.md', optional: true } }),
  },
  {
    name: 'Git context with everything',
    manifest: taskWithContext({
      type: 'Git',
      mountPath: 'source',
      git: {
        repository: 'https://example.com/repo.git',
        path: 'docs',
        ref: 'main',
        depth: 0,
        recurseSubmodules: true,
        secretRef: { name: 'git' },
        sync: { enabled: true, interval: '5m', policy: 'Rollout' },
      },
    }),
  },
  { name: 'Runtime context', manifest: taskWithContext({ type: 'Runtime', runtime: {} }) },
  {
    name: 'URL context',
    manifest: taskWithContext({
      type: 'URL',
      url: { source: 'https://x', headers: { a: 'b' }, secretRef: { name: 'x' }, insecureSkipTLSVerify: true, timeout: 10 },
    }),
  },
  { name: 'fields that are null', manifest: bareTask({ agentRef: { name: 'x' }, templateRef: null, timeout: null, contexts: null }) },
  { name: 'agent that says nothing', manifest: agent({}) },
  {
    name: 'agent from a template, with privileges',
    manifest: agent({
      templateRef: { name: 'team-base' },
      profile: 'Development agent with Docker in Docker',
      executorImage: 'example.com/devbox:dev',
      port: 4096,
      podSpec: {
        securityContext: { privileged: true },
        podSecurityContext: { runAsUser: 0, runAsGroup: 0 },
        resources: { requests: { memory: '1Gi', cpu: 1 }, limits: { memory: '8Gi', 'nvidia.com/gpu': 1 }, claims: [{ name: 'gpu' }] },
      },
      config: { model: 'opencode/big-pickle', provider: { a: { options: { nested: null } } } },
    }),
  },
  {
    name: 'agent with everything else',
    manifest: agent({
      agentImage: 'a',
      attachImage: 'b',
      workspaceDir: '/workspace',
      serviceAccountName: 'coder',
      command: ['sh', '-c', 'true'],
      contexts: [{ type: 'Runtime' }],
      skills: [{ name: 'team', git: { repository: 'git@example.com:x.git', names: ['a.b', 'C_d'] } }],
      plugins: [
        { name: '@scope/plugin@1.2.3', options: { a: [1, 'x', null] } },
        { name: 'ui', target: 'tui', options: true },
      ],
      credentials: [
        { name: 'key', secretRef: { name: 's', key: 'k' }, env: 'API_KEY' },
        { name: 'all', secretRef: { name: 's' }, mountPath: '/secrets', fileMode: 256 },
      ],
      maxConcurrentTasks: -1,
      quota: { maxTaskStarts: 10, windowSeconds: 3_600 },
      caBundle: { secretRef: { name: 'ca' } },
      proxy: { httpProxy: 'http://p:3128', httpsProxy: 'http://p:3128', noProxy: 'a,b' },
      imagePullSecrets: [{ name: 'pull' }],
      extraPorts: [
        { name: 'web', port: 8_080, protocol: 'UDP' },
        { name: 'api', port: 1 },
      ],
      persistence: { sessions: { size: '1Gi' }, workspace: { storageClassName: 'fast', size: '10Gi' } },
      suspend: false,
      standby: { idleTimeout: '30m' },
      share: { enabled: true, expiresAt: '2030-01-01T00:00:00Z', allowedIPs: ['10.0.0.0/8'] },
    }),
  },
  { name: 'config as text, which upstream stores', manifest: agent({ config: '{"model":"x"}' }) },
  {
    name: 'podSpec with every field of upstream',
    manifest: agentTemplate({
      podSpec: {
        labels: { team: 'a' },
        scheduling: {
          nodeSelector: { disk: 'ssd' },
          tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }],
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
              },
            },
          },
        },
        runtimeClassName: 'gvisor',
        lifecycle: { preStop: { exec: { command: ['sh', '-c', 'sync'] } } },
        extraVolumes: [
          { name: 'cache', persistentVolumeClaim: { claimName: 'cache' } },
          { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
        ],
        extraVolumeMounts: [
          { name: 'cache', mountPath: '/cache', subPath: 'a', readOnly: true, mountPropagation: 'None', recursiveReadOnly: 'Disabled' },
        ],
        extraEnv: [
          { name: 'A', value: 'b' },
          { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
        ],
        systemContainers: {
          openCodeInit: { extraEnv: [{ name: 'A' }] },
          contextInit: {},
          gitInit: { extraVolumeMounts: [{ name: 'cache', mountPath: '/cache', subPathExpr: '$(A)' }] },
          gitSync: {},
          pluginInit: {},
        },
      },
    }),
  },
  {
    name: 'config of the cluster with everything of upstream',
    manifest: config({
      clusterDomain: 'example.internal',
      systemImage: { image: 'example.com/system:1', imagePullPolicy: 'Always' },
      cleanup: { ttlSecondsAfterFinished: 0, maxRetainedTasks: 0 },
      proxy: { httpsProxy: 'http://p:3128' },
      observability: {
        openTelemetry: {
          enabled: true,
          endpoint: 'https://otel:4318',
          headers: { auth: { valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }, team: { value: 'a' } },
          enableLLMTraces: true,
          recordContent: false,
          resourceAttributes: { env: 'test' },
        },
      },
    }),
  },
];

/** What is ours. */
const ownCases: readonly CrdCase[] = [
  {
    name: 'task with every field of ours',
    manifest: task({
      stop: { mode: 'Retain', gracePeriodSeconds: 0 },
      suspend: true,
      priority: -5,
      managedBy: 'kubeopencode.io/task-controller',
      retry: {
        limit: 3,
        backoff: { initial: '10s', factor: 2, max: '10m' },
        causes: { Application: 0, OutOfMemory: 1, Evicted: 100, Preempted: 5, NodeLost: 2, PodDeleted: 1, Image: 1, Timeout: 1 },
      },
      pendingTimeouts: { unschedulable: '1h', imagePull: '5m', configuration: '90s' },
      cleanup: {
        ttlSecondsAfterFinished: 60,
        ttlSecondsAfterCompleted: 0,
        ttlSecondsAfterFailed: 604_800,
        ttlSecondsAfterStopped: 60,
        pod: { completed: 'Delete', failed: 'Keep', stopped: 'Delete', delaySeconds: 30 },
      },
    }),
  },
  { name: 'task that may be tried again for nothing only', manifest: task({ retry: {} }) },
  {
    name: 'agent with every field of ours',
    manifest: agent({
      execution: 'Attach',
      taskDefaults: {
        timeout: '1h',
        stop: { mode: 'Delete' },
        retry: { limit: 1, causes: { Configuration: 1, Unschedulable: 1, InitContainer: 1 } },
        pendingTimeouts: { imagePull: '10m' },
        cleanup: { ttlSecondsAfterFinished: 60, pod: { stopped: 'Keep' } },
      },
      podSpec: {
        annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
        priorityClassName: 'batch',
        terminationGracePeriodSeconds: 120,
      },
    }),
  },
  {
    name: 'config of the cluster with every field of ours',
    manifest: config({
      execution: 'Pod',
      evidence: 'BestEffort',
      logTailBytes: 524_288,
      taskDefaults: { timeout: '2h', stop: { gracePeriodSeconds: 30 }, retry: { limit: 2 }, pendingTimeouts: { unschedulable: '30m' } },
      cleanup: {
        maxRetainedTasks: 100,
        maxRetainedCompletedTasks: 10,
        maxRetainedFailedTasks: 50,
        maxRetainedStoppedTasks: 0,
        pod: { completed: 'Delete', delaySeconds: 300 },
      },
    }),
  },
];

export const acceptedCases: readonly CrdCase[] = [...upstreamCases, ...ownCases];
