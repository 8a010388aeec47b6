import * as z from 'zod';
import { caBundle, credential, extraPort, imagePullSecrets, pluginSpec, proxy, quota, skillSource } from './agent-parts.ts';
import { API_VERSION, anyJson, conditions, type Infer, metadata, type Resource, withRules } from './common.ts';
import { contexts } from './context.ts';
import { agentPodSpec } from './pod-spec.ts';

/** Absolute path; a rule rather than a pattern, so that the refusal shows the right form. */
export const workspaceDir = withRules(z.string().describe('Absolute path of the agent’s working directory.'), [
  {
    cel: "self.startsWith('/')",
    message: 'workspaceDir must be an absolute path, such as /workspace',
    holds: (path) => path.startsWith('/'),
  },
]);

/** Fields that an Agent may take from an AgentTemplate. */
export const inheritableFields = {
  agentImage: z.string().optional().describe('Image that brings the opencode binary.'),
  executorImage: z.string().optional().describe('Image that the agent runs in.'),
  attachImage: z.string().optional().describe('Image of the thin client (Attach only).'),
  command: z.array(z.string()).optional().describe('Command of the agent container. Default: opencode run on task.md.'),
  contexts: contexts.optional().describe('What the agent is to know, before the contexts of the Task.'),
  skills: z.array(skillSource).optional().describe('Skills from git repositories.'),
  plugins: z.array(pluginSpec).optional().describe('OpenCode plugins from npm.'),
  config: anyJson.optional().describe('OpenCode configuration, a JSON object; becomes /tools/opencode.json.'),
  credentials: z.array(credential).optional().describe('Secrets for the agent container.'),
  podSpec: agentPodSpec.optional().describe('How the Pod is to be made.'),
  caBundle: caBundle.optional().describe('Certificates that every container trusts.'),
  proxy: proxy.optional().describe('HTTP proxy; replaces the cluster’s as a whole.'),
  imagePullSecrets: imagePullSecrets.optional(),
  extraPorts: z.array(extraPort).optional().describe('Further ports of the Agent’s server; no effect on Tasks.'),
  maxConcurrentTasks: z.int32().optional().describe('How many Tasks of an Agent may run at once. Absent, 0 or less: no limit.'),
  quota: quota.optional().describe('How many Tasks of an Agent may start in a sliding window.'),
};

export const agentTemplateSpec = z.strictObject({
  ...inheritableFields,
  workspaceDir,
  serviceAccountName: z.string().describe('ServiceAccount of the Pods.'),
});
export type AgentTemplateSpec = Infer<typeof agentTemplateSpec>;

const agentTemplateStatus = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: conditions.optional(),
});
export type AgentTemplateStatus = Infer<typeof agentTemplateStatus>;

/** How an agent's Pods are made; used by Agents and directly by Tasks. */
export const agentTemplateSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('AgentTemplate'),
  metadata,
  spec: agentTemplateSpec,
  status: agentTemplateStatus.optional(),
});
export type AgentTemplate = Resource<AgentTemplateSpec, AgentTemplateStatus>;
