import * as z from 'zod';
import { inheritableFields, workspaceDir } from './agent-template.ts';
import { API_VERSION, conditions, duration, type Infer, metadata, nameRef, type Resource, time } from './common.ts';
import { execution, taskDefaults } from './task-parts.ts';

const storage = z.strictObject({
  storageClassName: z.string().optional(),
  size: z.string().optional().describe('Size of the volume, such as 10Gi.'),
});

export const agentSpec = z.strictObject({
  templateRef: nameRef.optional().describe('AgentTemplate to inherit from.'),
  profile: z.string().optional().describe('What the agent is good at, for people.'),
  ...inheritableFields,
  workspaceDir: workspaceDir.optional(),
  serviceAccountName: z.string().optional().describe('ServiceAccount of the Pods; required unless the AgentTemplate names one.'),
  execution: execution.optional(),
  taskDefaults: taskDefaults.optional().describe('What this Agent’s Tasks take when they say nothing themselves.'),
  suspend: z.boolean().optional().describe('Start no Task of this Agent; those that run are not touched. Default: false.'),
  port: z.int32().min(1).max(65_535).default(4096).describe('Port of the Agent’s server. Default: 4096.'),
  persistence: z
    .strictObject({ sessions: storage.optional(), workspace: storage.optional() })
    .optional()
    .describe('Volumes of the Agent’s server; no effect on Tasks.'),
  standby: z
    .strictObject({ idleTimeout: duration.describe('How long the server may be idle before it is suspended.') })
    .optional()
    .describe('Suspends an idle server; no effect on Tasks.'),
  share: z
    .strictObject({ enabled: z.boolean(), expiresAt: time().optional(), allowedIPs: z.array(z.string()).optional() })
    .optional()
    .describe('Link to the server’s terminal; no effect on Tasks.'),
});
export type AgentSpec = Infer<typeof agentSpec>;

const taskStart = z.strictObject({ taskName: z.string(), taskNamespace: z.string(), startTime: time() });
export type TaskStart = Infer<typeof taskStart>;

const agentStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: conditions.optional(),
  taskStartHistory: z
    .array(taskStart)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Starts of Tasks inside the quota’s window.'),
  deploymentName: z.string().optional(),
  serviceName: z.string().optional(),
  url: z.string().optional().describe('URL of the Agent’s server.'),
  ready: z.boolean().optional().describe('Whether the Agent’s server answers (Attach only).'),
  suspended: z.boolean().optional(),
  idleSince: time().optional(),
  gitSyncStatuses: z
    .array(z.strictObject({ name: z.string(), commitHash: z.string().optional(), lastSynced: time().optional() }))
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional(),
  share: z.strictObject({ secretName: z.string().optional(), url: z.string().optional(), active: z.boolean().optional() }).optional(),
});
export type AgentStatus = Infer<typeof agentStatus>;

/** Who runs Tasks: configuration, limits and defaults. */
export const agentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Agent'),
  metadata,
  spec: agentSpec,
  status: agentStatus.optional(),
});
export type Agent = Resource<AgentSpec, AgentStatus>;
