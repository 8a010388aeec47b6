import * as z from 'zod';
import { proxy } from './agent-parts.ts';
import { cleanup } from './cleanup.ts';
import { API_VERSION, type Infer, metadata, type Resource, withRules } from './common.ts';
import { execution, taskDefaults } from './task-parts.ts';

const header = withRules(
  z.strictObject({
    value: z.string().optional(),
    valueFrom: z
      .strictObject({
        secretKeyRef: z
          .strictObject({ name: z.string(), key: z.string(), optional: z.boolean().optional() })
          .meta({ 'x-kubernetes-map-type': 'atomic' })
          .optional(),
      })
      .optional()
      .describe('Secret in the namespace of the Task.'),
  }),
  [
    {
      cel: "(has(self.value) && self.value != '') || (has(self.valueFrom) && has(self.valueFrom.secretKeyRef))",
      message: 'either a non-empty value or valueFrom.secretKeyRef must be specified',
      holds: ({ value, valueFrom }) => (value !== undefined && value !== '') || valueFrom?.secretKeyRef !== undefined,
    },
  ],
);

const openTelemetry = withRules(
  z.strictObject({
    enabled: z.boolean(),
    endpoint: z
      .string()
      .regex(/^https?:\/\/.+$/, { message: 'must be a URL that begins with http:// or https://' })
      .optional()
      .describe('OTLP endpoint, http:// or https://.'),
    headers: z.record(z.string(), header).optional(),
    enableLLMTraces: z.boolean().optional(),
    recordContent: z.boolean().optional(),
    resourceAttributes: z.record(z.string(), z.string()).optional(),
  }),
  [
    {
      cel: '!self.enabled || (has(self.endpoint) && size(self.endpoint) > 0)',
      message: 'endpoint is required when enabled is true',
      holds: (value) => !value.enabled || (value.endpoint !== undefined && value.endpoint !== ''),
      field: 'endpoint',
    },
  ],
);
export type OpenTelemetry = Infer<typeof openTelemetry>;

export const kubeOpenCodeConfigSpec = z.strictObject({
  clusterDomain: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, { message: 'must be a lowercase domain, such as cluster.local' })
    .optional()
    .describe('DNS domain of the cluster. Default: cluster.local.'),
  systemImage: z
    .strictObject({
      image: z.string().optional(),
      imagePullPolicy: z.enum(['Always', 'Never', 'IfNotPresent']).optional().describe('Default: IfNotPresent.'),
    })
    .optional()
    .describe('Image of the init containers that prepare the workspace.'),
  cleanup: cleanup.optional().describe('Clean-up of finished Tasks.'),
  proxy: proxy.optional().describe('HTTP proxy for Agents and AgentTemplates that name none.'),
  observability: z.strictObject({ openTelemetry: openTelemetry.optional() }).optional(),
  execution: execution.optional(),
  taskDefaults: taskDefaults.optional().describe('What Tasks take when neither they nor their Agent say anything.'),
  evidence: z
    .enum(['Finalizer', 'BestEffort'])
    .optional()
    .describe('Finalizer: a Pod stays until its end is recorded in the Task. BestEffort: it does not. Default: Finalizer.'),
  logTailBytes: z
    .int32()
    .min(0)
    .max(524_288)
    .optional()
    .describe(
      'How much of the end of its log is kept in a ConfigMap when a Pod is deleted, in bytes; 0: nothing. Only with evidence: Finalizer. Default: 65536.',
    ),
});
export type KubeOpenCodeConfigSpec = Infer<typeof kubeOpenCodeConfigSpec>;

/** Settings of the whole cluster. */
export const kubeOpenCodeConfigSchema = withRules(
  z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('KubeOpenCodeConfig'),
    metadata,
    spec: kubeOpenCodeConfigSpec,
  }),
  [
    {
      cel: "self.metadata.name == 'cluster'",
      message: "metadata.name of a KubeOpenCodeConfig must be 'cluster'",
      holds: (value) => value.metadata.name === 'cluster',
    },
  ],
);
export type KubeOpenCodeConfig = Resource<KubeOpenCodeConfigSpec, never>;
