import { acceptedCases } from './accepted.ts';
import type { Manifest } from './build.ts';
import { agent, agentTemplate, bareAgentTemplate, bareTask, config, task, taskWithContext } from './build.ts';

/** One manifest, and what every judge of manifests must say of it: the schema in a file, and the API server with `fieldValidation=Strict`. */
export interface CrdCase {
  readonly name: string;
  readonly manifest: Manifest;
  /** Absent: accepted. Otherwise the refusal names the field and matches this. */
  readonly refusedWith?: RegExp;
}

/** An update that the API server refuses: rules about the earlier form, which no file can be checked for. */
export interface UpdateCase {
  readonly name: string;
  readonly before: Manifest;
  readonly after: Manifest;
  readonly refusedWith?: RegExp;
}

const taskCases: readonly CrdCase[] = [
  {
    name: 'task without a reference',
    manifest: bareTask({ description: 'x' }),
    refusedWith: /spec: .*either agentRef or templateRef must be specified/,
  },
  {
    name: 'task with both references',
    manifest: task({ templateRef: { name: 'x' } }),
    refusedWith: /spec: .*only one of agentRef or templateRef can be specified/,
  },
  { name: 'task without spec', manifest: bareTask(undefined), refusedWith: /spec/ },
  { name: 'agentRef as plain text', manifest: bareTask({ agentRef: 'coder' }), refusedWith: /spec\.agentRef/ },
  { name: 'agentRef without a name', manifest: bareTask({ agentRef: {} }), refusedWith: /spec\.agentRef\.name/ },
  { name: 'unknown field', manifest: task({ retries: 3 }), refusedWith: /retries/ },
  ...['1 hour', '90', '1d', 'h', '', '-', '1h 30m', '5M', '--1h', '1h-5m', '.s', '2562048h', `${'1'.repeat(40)}s`].map((timeout) => ({
    name: `timeout ${JSON.stringify(timeout)}`,
    manifest: task({ timeout }),
    refusedWith:
      timeout.length > 32 ? /spec\.timeout: .*(32|characters|bytes)/ : /spec\.timeout: .*must be a duration such as 90s, 30m or 1h30m/,
  })),
  { name: 'timeout as a number', manifest: task({ timeout: 30 }), refusedWith: /spec\.timeout/ },
  { name: 'stop mode', manifest: task({ stop: { mode: 'Kill' } }), refusedWith: /spec\.stop\.mode: .*Delete.*Retain/ },
  { name: 'negative grace', manifest: task({ stop: { gracePeriodSeconds: -1 } }), refusedWith: /spec\.stop\.gracePeriodSeconds/ },
  { name: 'priority beyond 32 bits', manifest: task({ priority: 2_147_483_648 }), refusedWith: /spec\.priority/ },
  { name: 'priority as a fraction', manifest: task({ priority: 1.5 }), refusedWith: /spec\.priority/ },
  { name: 'suspend as text', manifest: task({ suspend: 'true' }), refusedWith: /spec\.suspend/ },
  {
    name: 'managedBy without a domain',
    manifest: task({ managedBy: 'me' }),
    refusedWith: /spec\.managedBy: .*must be a domain and a path, such as example\.com\/controller/,
  },
  {
    name: 'managedBy over 63 characters',
    manifest: task({ managedBy: `example.com/${'x'.repeat(60)}` }),
    refusedWith: /spec\.managedBy: .*63/,
  },
  {
    name: 'negative time to live',
    manifest: task({ cleanup: { ttlSecondsAfterFinished: -1 } }),
    refusedWith: /spec\.cleanup\.ttlSecondsAfterFinished/,
  },
  { name: 'retention count on a task', manifest: task({ cleanup: { maxRetainedTasks: 1 } }), refusedWith: /maxRetainedTasks/ },
];

const contextCases: readonly CrdCase[] = [
  { name: 'context without type', manifest: taskWithContext({ text: 'x' }), refusedWith: /spec\.contexts\[0\]\.type/ },
  {
    name: 'context of a type that is no more',
    manifest: taskWithContext({ type: 'Secret' }),
    refusedWith: /spec\.contexts\[0\]\.type: .*Text.*ConfigMap.*Git.*Runtime.*URL/,
  },
  {
    name: 'Text without text',
    manifest: taskWithContext({ type: 'Text' }),
    refusedWith: /spec\.contexts\[0\]\.text: .*text is required when type is Text/,
  },
  {
    name: 'ConfigMap without configMap',
    manifest: taskWithContext({ type: 'ConfigMap' }),
    refusedWith: /spec\.contexts\[0\]\.configMap: .*configMap is required when type is ConfigMap/,
  },
  {
    name: 'ConfigMap without a name',
    manifest: taskWithContext({ type: 'ConfigMap', configMap: { key: 'k' } }),
    refusedWith: /spec\.contexts\[0\]\.configMap\.name/,
  },
  {
    name: 'Git without git',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x' }),
    refusedWith: /spec\.contexts\[0\]\.git: .*git is required when type is Git/,
  },
  {
    name: 'Git without mountPath',
    manifest: taskWithContext({ type: 'Git', git: { repository: 'https://x' } }),
    refusedWith: /spec\.contexts\[0\]\.mountPath: .*mountPath is required for Git/,
  },
  {
    name: 'Git without repository',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x', git: { ref: 'main' } }),
    refusedWith: /spec\.contexts\[0\]\.git\.repository/,
  },
  {
    name: 'Git with a malformed sync interval',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x', git: { repository: 'https://x', sync: { interval: 'often' } } }),
    refusedWith: /spec\.contexts\[0\]\.git\.sync\.interval: .*must be a duration/,
  },
  {
    name: 'URL without url',
    manifest: taskWithContext({ type: 'URL' }),
    refusedWith: /spec\.contexts\[0\]\.url: .*url is required when type is URL/,
  },
  {
    name: 'URL timeout as a duration',
    manifest: taskWithContext({ type: 'URL', url: { source: 'https://x', timeout: '30s' } }),
    refusedWith: /spec\.contexts\[0\]\.url\.timeout/,
  },
  {
    name: 'more contexts than a Pod can carry',
    manifest: task({ contexts: Array.from({ length: 1_001 }, () => ({ type: 'Runtime' })) }),
    refusedWith: /spec\.contexts: .*1,?000/,
  },
];

const agentCases: readonly CrdCase[] = [
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

const configCases: readonly CrdCase[] = [
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

export const crdCases: readonly CrdCase[] = [...acceptedCases, ...taskCases, ...contextCases, ...agentCases, ...configCases];

export const updateCases: readonly UpdateCase[] = [
  {
    name: 'managedBy set later',
    before: task({}),
    after: task({ managedBy: 'example.com/me' }),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  {
    name: 'managedBy changed',
    before: task({ managedBy: 'example.com/me' }),
    after: task({ managedBy: 'example.com/you' }),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  {
    name: 'managedBy taken away',
    before: task({ managedBy: 'example.com/me' }),
    after: task({}),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  { name: 'timeout changed', before: task({ timeout: '1h' }), after: task({ timeout: '2h', suspend: true, priority: 3 }) },
];
