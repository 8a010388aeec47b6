import type { OwnKind } from '#core/api/manifest.ts';
import type { Schema } from '#scripts/crds/structural.ts';

/** What upstream's CRDs say (release 0.1.7) and people's manifests and scripts rely on. A column with * is shown with `-o wide` only. */
export interface Facts {
  readonly kind: OwnKind;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly fields: Readonly<Record<string, Schema>>;
}

const int32 = { type: 'integer', format: 'int32' };
const git = { ref: { default: 'HEAD' }, depth: { type: 'integer', default: 1 } };
const conditions = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] };

function contextFields(): Readonly<Record<string, Schema>> {
  const item = '.spec.contexts[]';
  return {
    [item]: { required: ['type'] },
    [`${item}.type`]: { enum: ['Text', 'ConfigMap', 'Git', 'Runtime', 'URL'] },
    [`${item}.fileMode`]: int32,
    [`${item}.configMap`]: { required: ['name'] },
    [`${item}.git`]: { required: ['repository'] },
    [`${item}.git.ref`]: git.ref,
    [`${item}.git.depth`]: git.depth,
    [`${item}.git.sync.policy`]: { enum: ['HotReload', 'Rollout'], default: 'HotReload' },
    [`${item}.url`]: { required: ['source'] },
    [`${item}.url.timeout`]: { ...int32, default: 30 },
  };
}

/** Fields that Agent and AgentTemplate share. */
const inheritable: Readonly<Record<string, Schema>> = {
  ...contextFields(),
  '.spec.skills[]': { required: ['name'] },
  '.spec.skills[].name': { minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' },
  '.spec.skills[].git.ref': git.ref,
  '.spec.skills[].git.depth': git.depth,
  '.spec.skills[].git.names': { 'x-kubernetes-list-type': 'set' },
  '.spec.skills[].git.names[]': { minLength: 1, maxLength: 253, pattern: '^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$' },
  '.spec.plugins[].name': { minLength: 1 },
  '.spec.plugins[].target': { enum: ['server', 'tui'], default: 'server' },
  '.spec.plugins[].options': { 'x-kubernetes-preserve-unknown-fields': true },
  '.spec.config': { 'x-kubernetes-preserve-unknown-fields': true },
  '.spec.credentials[]': { required: ['name', 'secretRef'] },
  '.spec.credentials[].fileMode': int32,
  '.spec.imagePullSecrets[]': { 'x-kubernetes-map-type': 'atomic' },
  '.spec.extraPorts[]': { required: ['name', 'port'] },
  '.spec.extraPorts[].name': { minLength: 1, maxLength: 15 },
  '.spec.extraPorts[].port': { ...int32, minimum: 1, maximum: 65_535 },
  '.spec.extraPorts[].protocol': { enum: ['TCP', 'UDP'], default: 'TCP' },
  '.spec.maxConcurrentTasks': int32,
  '.spec.quota': { required: ['maxTaskStarts', 'windowSeconds'] },
  '.spec.quota.maxTaskStarts': { ...int32, minimum: 1 },
  '.spec.quota.windowSeconds': { ...int32, minimum: 60, maximum: 86_400 },
  '.spec.podSpec.resources.limits{}': { 'x-kubernetes-int-or-string': true },
  '.spec.podSpec.resources.claims': { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
  '.spec.podSpec.scheduling.tolerations[].tolerationSeconds': { type: 'integer', format: 'int64' },
  '.status.conditions': conditions,
};

export const facts: readonly Facts[] = [
  {
    kind: 'Task',
    definition: {
      group: 'kubeopencode.io',
      plural: 'tasks',
      short: ['tk'],
      scope: 'Namespaced',
      version: 'v1alpha1',
      columns: ['Phase', 'Agent', 'Template*', 'Pod', 'Cause*', 'Attempts*', 'Message*', 'Age'],
      status: true,
    },
    fields: {
      '': { required: ['spec'] },
      ...contextFields(),
      '.spec.agentRef': { required: ['name'] },
      '.spec.timeout': { type: 'string' },
      '.status.phase': { enum: ['Pending', 'Queued', 'Running', 'Completed', 'Failed'] },
      '.status.startTime': { format: 'date-time' },
      '.status.completionTime': { format: 'date-time' },
      '.status.session.summary.cost': { type: 'string' },
      '.status.session.summary.messageCount': int32,
      '.status.session.summary.tokenUsage.input': { type: 'integer', format: 'int64' },
      '.status.conditions': conditions,
    },
  },
  {
    kind: 'Agent',
    definition: {
      group: 'kubeopencode.io',
      plural: 'agents',
      short: ['ag'],
      scope: 'Namespaced',
      version: 'v1alpha1',
      columns: ['Profile*', 'Image*', 'ServiceAccount', 'MaxTasks*', 'Ready', 'Age'],
      status: true,
    },
    fields: {
      ...inheritable,
      '.spec.port': { ...int32, default: 4_096, minimum: 1, maximum: 65_535 },
      '.spec.standby': { required: ['idleTimeout'] },
      '.spec.share': { required: ['enabled'] },
      '.status.taskStartHistory': { 'x-kubernetes-list-type': 'atomic' },
      '.status.taskStartHistory[]': { required: ['taskName', 'taskNamespace', 'startTime'] },
      '.status.gitSyncStatuses': { 'x-kubernetes-list-type': 'atomic' },
    },
  },
  {
    kind: 'AgentTemplate',
    definition: {
      group: 'kubeopencode.io',
      plural: 'agenttemplates',
      short: ['agt'],
      scope: 'Namespaced',
      version: 'v1alpha1',
      columns: ['Image*', 'WorkspaceDir*', 'ServiceAccount', 'Age'],
      status: true,
    },
    fields: { ...inheritable, '.spec': { required: ['workspaceDir', 'serviceAccountName'] } },
  },
  {
    kind: 'KubeOpenCodeConfig',
    definition: {
      group: 'kubeopencode.io',
      plural: 'kubeopencodeconfigs',
      short: ['ktc'],
      scope: 'Cluster',
      version: 'v1alpha1',
      columns: ['Age'],
      status: false,
    },
    fields: {
      '.spec.clusterDomain': { maxLength: 253, pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$' },
      '.spec.systemImage.imagePullPolicy': { enum: ['Always', 'Never', 'IfNotPresent'] },
      '.spec.cleanup.ttlSecondsAfterFinished': { ...int32, minimum: 0 },
      '.spec.cleanup.maxRetainedTasks': { ...int32, minimum: 0 },
      '.spec.observability.openTelemetry': { required: ['enabled'] },
      '.spec.observability.openTelemetry.endpoint': { pattern: '^https?://.+$' },
    },
  },
];
