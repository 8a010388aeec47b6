import { agent, agentTemplate, bareAgentTemplate, config } from './build.ts';
import type { CrdCase } from './cases.ts';

export const agentCases: readonly CrdCase[] = [
  {
    name: 'relative workspaceDir',
    manifest: agent({ workspaceDir: 'workspace' }),
    refusedWith: /spec\.workspaceDir: .*must be an absolute path, such as \/workspace/,
  },
  {
    name: 'template with an empty workspaceDir',
    manifest: agentTemplate({ workspaceDir: '' }),
    refusedWith: /spec\.workspaceDir: .*must be an absolute path/,
  },
  { name: 'template without workspaceDir', manifest: bareAgentTemplate({ serviceAccountName: 'x' }), refusedWith: /spec\.workspaceDir/ },
  {
    name: 'template without serviceAccountName',
    manifest: bareAgentTemplate({ workspaceDir: '/w' }),
    refusedWith: /spec\.serviceAccountName/,
  },
  { name: 'template with what only an agent has', manifest: agentTemplate({ suspend: true }), refusedWith: /suspend/ },
  {
    name: 'skill without git',
    manifest: agent({ skills: [{ name: 'a' }] }),
    refusedWith: /spec\.skills\[0\]\.git: .*git source is required/,
  },
  {
    name: 'skill name in capitals',
    manifest: agent({ skills: [{ name: 'A', git: { repository: 'x' } }] }),
    refusedWith: /spec\.skills\[0\]\.name/,
  },
  {
    name: 'skill named twice',
    manifest: agent({ skills: [{ name: 'a', git: { repository: 'x', names: ['b', 'b'] } }] }),
    refusedWith: /spec\.skills\[0\]\.git\.names\[1\]: .*[Dd]uplicate value/,
  },
  { name: 'plugin without a name', manifest: agent({ plugins: [{ target: 'tui' }] }), refusedWith: /spec\.plugins\[0\]\.name/ },
  {
    name: 'plugin target',
    manifest: agent({ plugins: [{ name: 'a', target: 'web' }] }),
    refusedWith: /spec\.plugins\[0\]\.target: .*server.*tui/,
  },
  {
    name: 'credential env without a key',
    manifest: agent({ credentials: [{ name: 'a', secretRef: { name: 'b' }, env: 'X' }] }),
    refusedWith: /spec\.credentials\[0\]\.env: .*env can only be set when secretRef\.key is specified/,
  },
  {
    name: 'credential without a secret',
    manifest: agent({ credentials: [{ name: 'a', env: 'X' }] }),
    refusedWith: /spec\.credentials\[0\]\.secretRef/,
  },
  { name: 'CA bundle from nowhere', manifest: agent({ caBundle: {} }), refusedWith: /spec\.caBundle: .*either configMapRef or secretRef/ },
  {
    name: 'CA bundle from two places',
    manifest: agent({ caBundle: { configMapRef: { name: 'a' }, secretRef: { name: 'b' } } }),
    refusedWith: /spec\.caBundle: .*only one of configMapRef or secretRef/,
  },
  {
    name: 'quota of no starts',
    manifest: agent({ quota: { maxTaskStarts: 0, windowSeconds: 60 } }),
    refusedWith: /spec\.quota\.maxTaskStarts/,
  },
  {
    name: 'quota window under a minute',
    manifest: agent({ quota: { maxTaskStarts: 1, windowSeconds: 59 } }),
    refusedWith: /spec\.quota\.windowSeconds: .*60/,
  },
  {
    name: 'quota window over a day',
    manifest: agent({ quota: { maxTaskStarts: 1, windowSeconds: 86_401 } }),
    refusedWith: /spec\.quota\.windowSeconds: .*86,?400/,
  },
  { name: 'port 0', manifest: agent({ port: 0 }), refusedWith: /spec\.port/ },
  { name: 'port beyond 65535', manifest: agent({ port: 65_536 }), refusedWith: /spec\.port/ },
  {
    name: 'port name over 15 characters',
    manifest: agent({ extraPorts: [{ name: 'x'.repeat(16), port: 1 }] }),
    refusedWith: /spec\.extraPorts\[0\]\.name/,
  },
  { name: 'standby without idleTimeout', manifest: agent({ standby: {} }), refusedWith: /spec\.standby\.idleTimeout/ },
  {
    name: 'malformed idleTimeout',
    manifest: agent({ standby: { idleTimeout: '30' } }),
    refusedWith: /spec\.standby\.idleTimeout: .*must be a duration/,
  },
  {
    name: 'malformed default timeout',
    manifest: agent({ taskDefaults: { timeout: '1 day' } }),
    refusedWith: /spec\.taskDefaults\.timeout: .*must be a duration/,
  },
  { name: 'execution', manifest: agent({ execution: 'Job' }), refusedWith: /spec\.execution: .*Pod.*Attach/ },
  {
    name: 'environment variable without a name',
    manifest: agent({ podSpec: { extraEnv: [{ value: 'x' }] } }),
    refusedWith: /spec\.podSpec\.extraEnv\[0\]\.name/,
  },
  {
    name: 'volume without a name',
    manifest: agent({ podSpec: { extraVolumes: [{ emptyDir: {} }] } }),
    refusedWith: /spec\.podSpec\.extraVolumes\[0\]\.name/,
  },
  {
    name: 'volume mount without a path',
    manifest: agent({ podSpec: { extraVolumeMounts: [{ name: 'x' }] } }),
    refusedWith: /spec\.podSpec\.extraVolumeMounts\[0\]\.mountPath/,
  },
  {
    name: 'no quantity',
    manifest: agent({ podSpec: { resources: { limits: { memory: 'much' } } } }),
    refusedWith: /spec\.podSpec\.resources\.limits\.memory/,
  },
  {
    name: 'quantity as a fraction',
    manifest: agent({ podSpec: { resources: { limits: { cpu: 0.5 } } } }),
    refusedWith: /spec\.podSpec\.resources\.limits\.cpu/,
  },
  {
    name: 'negative grace of the Pod',
    manifest: agent({ podSpec: { terminationGracePeriodSeconds: -1 } }),
    refusedWith: /spec\.podSpec\.terminationGracePeriodSeconds/,
  },
  {
    name: 'annotation that is no text',
    manifest: agent({ podSpec: { annotations: { a: true } } }),
    refusedWith: /spec\.podSpec\.annotations\.a/,
  },
  { name: 'a list with a hole', manifest: agent({ command: ['sh', null] }), refusedWith: /spec\.command\[1\]/ },
];

export const configCases: readonly CrdCase[] = [
  {
    name: 'config of another name',
    manifest: config({}, 'default'),
    refusedWith: /metadata\.name of a KubeOpenCodeConfig must be 'cluster'/,
  },
  { name: 'cluster domain in capitals', manifest: config({ clusterDomain: 'Cluster.Local' }), refusedWith: /spec\.clusterDomain/ },
  {
    name: 'image pull policy',
    manifest: config({ systemImage: { imagePullPolicy: 'Sometimes' } }),
    refusedWith: /spec\.systemImage\.imagePullPolicy/,
  },
  { name: 'kept logs over 512 KiB', manifest: config({ logTailBytes: 524_289 }), refusedWith: /spec\.logTailBytes: .*524,?288/ },
  { name: 'kept logs of negative size', manifest: config({ logTailBytes: -1 }), refusedWith: /spec\.logTailBytes/ },
  {
    name: 'negative retention by outcome',
    manifest: config({ cleanup: { maxRetainedFailedTasks: -1 } }),
    refusedWith: /spec\.cleanup\.maxRetainedFailedTasks/,
  },
  {
    name: 'malformed default of a task',
    manifest: config({ taskDefaults: { retry: { backoff: { initial: '10 s' } } } }),
    refusedWith: /spec\.taskDefaults\.retry\.backoff\.initial: .*must be a duration such as 90s/,
  },
  { name: 'negative retention', manifest: config({ cleanup: { maxRetainedTasks: -1 } }), refusedWith: /spec\.cleanup\.maxRetainedTasks/ },
  {
    name: 'telemetry without endpoint',
    manifest: config({ observability: { openTelemetry: { enabled: true } } }),
    refusedWith: /spec\.observability\.openTelemetry\.endpoint: .*endpoint is required when enabled is true/,
  },
  {
    name: 'telemetry without enabled',
    manifest: config({ observability: { openTelemetry: { endpoint: 'http://x' } } }),
    refusedWith: /spec\.observability\.openTelemetry\.enabled/,
  },
  {
    name: 'telemetry endpoint without a scheme',
    manifest: config({ observability: { openTelemetry: { enabled: true, endpoint: 'x:4318' } } }),
    refusedWith: /spec\.observability\.openTelemetry\.endpoint/,
  },
  {
    name: 'telemetry header from nowhere',
    manifest: config({ observability: { openTelemetry: { enabled: false, headers: { a: { value: '' } } } } }),
    refusedWith: /headers.*either a non-empty value or valueFrom\.secretKeyRef/,
  },
  { name: 'evidence', manifest: config({ evidence: 'None' }), refusedWith: /spec\.evidence: .*Finalizer.*BestEffort/ },
  {
    name: 'malformed default timeout of the cluster',
    manifest: config({ taskDefaults: { timeout: 'never' } }),
    refusedWith: /spec\.taskDefaults\.timeout: .*must be a duration/,
  },
];
