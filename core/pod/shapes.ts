import type { AgentSpec } from '../api/agent.ts';
import type { KubeOpenCodeConfigSpec } from '../api/config.ts';
import type { TaskSpec } from '../api/task.ts';
import { agentError, contextError, type Refusal } from './refusal.ts';
import { conform, type Shape } from './shape.ts';
import { TASK_DEFAULTS } from './task-defaults.ts';

/** The fields that the builder reads, per kind. What it only hands on to the API server is `object` or `anything`. */
const nameRef: Shape = { fields: { name: 'name' }, required: ['name'] };
const keyedRef: Shape = { fields: { name: 'name', key: 'text' }, required: ['name'] };

const git = {
  repository: 'name',
  path: 'text',
  ref: 'text',
  depth: 'integer',
  recurseSubmodules: 'boolean',
  secretRef: nameRef,
} as const satisfies Record<string, Shape>;

const contexts: Shape = {
  listOf: {
    fields: {
      name: 'text',
      type: 'text',
      mountPath: 'text',
      fileMode: 'integer',
      text: 'text',
      configMap: { fields: { name: 'name', key: 'text', optional: 'boolean' }, required: ['name'] },
      git: { fields: git, required: ['repository'] },
    },
    required: ['type'],
  },
};

const envVars: Shape = { listOf: { fields: { name: 'name', value: 'text', valueFrom: 'object' }, required: ['name'] } };
const volumeMounts: Shape = { listOf: { fields: { name: 'name', mountPath: 'name' }, required: ['name', 'mountPath'], others: 'kept' } };
const systemContainer: Shape = { fields: { extraEnv: envVars, extraVolumeMounts: volumeMounts } };

const podSpec: Shape = {
  fields: {
    labels: { mapOf: 'text' },
    annotations: { mapOf: 'text' },
    scheduling: { fields: { nodeSelector: { mapOf: 'text' }, tolerations: { listOf: 'object' }, affinity: 'object' } },
    runtimeClassName: 'text',
    priorityClassName: 'text',
    terminationGracePeriodSeconds: 'integer',
    resources: 'object',
    securityContext: 'object',
    podSecurityContext: 'object',
    lifecycle: 'object',
    extraVolumes: { listOf: { fields: { name: 'name' }, required: ['name'], others: 'kept' } },
    extraVolumeMounts: volumeMounts,
    extraEnv: envVars,
    systemContainers: {
      fields: { openCodeInit: systemContainer, contextInit: systemContainer, gitInit: systemContainer, pluginInit: systemContainer },
    },
  },
};

const proxy: Shape = { fields: { httpProxy: 'text', httpsProxy: 'text', noProxy: 'text' } };

const inheritable = {
  agentImage: 'text',
  executorImage: 'text',
  attachImage: 'text',
  workspaceDir: 'text',
  serviceAccountName: 'text',
  command: { listOf: 'text' },
  contexts,
  skills: {
    listOf: {
      fields: { name: 'name', git: { fields: { ...git, names: { listOf: 'name' } }, required: ['repository'] } },
      required: ['name', 'git'],
    },
  },
  plugins: { listOf: { fields: { name: 'name', target: 'text', options: 'anything' }, required: ['name'] } },
  config: 'anything',
  credentials: {
    listOf: { fields: { secretRef: keyedRef, mountPath: 'text', env: 'text', fileMode: 'integer' }, required: ['secretRef'] },
  },
  podSpec,
  caBundle: { fields: { configMapRef: keyedRef, secretRef: keyedRef } },
  proxy,
  imagePullSecrets: { listOf: nameRef },
  maxConcurrentTasks: 'integer',
  quota: { fields: { maxTaskStarts: 'integer', windowSeconds: 'integer' }, required: ['maxTaskStarts', 'windowSeconds'] },
} as const satisfies Record<string, Shape>;

const templateShape: Shape = { fields: inheritable };
const agentShape: Shape = {
  fields: { ...inheritable, execution: 'text', taskDefaults: TASK_DEFAULTS, suspend: 'boolean', port: 'integer' },
};

const configShape: Shape = {
  fields: {
    clusterDomain: 'text',
    systemImage: { fields: { image: 'text', imagePullPolicy: 'text' } },
    proxy,
    observability: {
      fields: {
        openTelemetry: {
          fields: {
            enabled: 'boolean',
            endpoint: 'text',
            headers: {
              mapOf: {
                fields: {
                  value: 'text',
                  valueFrom: {
                    fields: { secretKeyRef: { fields: { name: 'name', key: 'name', optional: 'boolean' }, required: ['name', 'key'] } },
                  },
                },
              },
            },
            enableLLMTraces: 'boolean',
            recordContent: 'boolean',
            resourceAttributes: { mapOf: 'text' },
          },
        },
      },
    },
    execution: 'text',
    taskDefaults: TASK_DEFAULTS,
    logTailBytes: 'integer',
  },
};

const taskShape: Shape = { fields: { description: 'text', contexts, agentRef: nameRef, templateRef: nameRef } };

/** What of a Task's spec goes into its Pod. */
export type TaskInput = Pick<TaskSpec, 'description' | 'contexts' | 'agentRef' | 'templateRef'>;

/** An Agent's or a template's spec as far as Tasks are concerned; a template lacks what only Agents have. */
export type AgentInput = Partial<Pick<AgentSpec, keyof typeof inheritable | 'execution' | 'taskDefaults' | 'suspend' | 'port'>>;

export function agentInput(spec: unknown, title: string): AgentInput | Refusal {
  return read(spec, agentShape, title);
}

export function templateInput(spec: unknown, title: string): AgentInput | Refusal {
  return read(spec, templateShape, title);
}

export function configInput(spec: unknown): KubeOpenCodeConfigSpec | Refusal {
  return read(spec, configShape, 'KubeOpenCodeConfig "cluster"');
}

export function taskInput(spec: unknown, title: string): TaskInput | Refusal {
  const conformed = conform(spec, taskShape, 'spec');
  return 'fault' in conformed ? contextError(unusable(title, conformed.fault)) : (conformed.value as TaskInput);
}

/** The shape says what the type says: this is the one place where the two meet. */
function read<T>(spec: unknown, shape: Shape, title: string): T | Refusal {
  const conformed = conform(spec, shape, 'spec');
  return 'fault' in conformed ? agentError(unusable(title, conformed.fault)) : (conformed.value as T);
}

function unusable(title: string, fault: string): string {
  return `${title} cannot be used: ${fault}; correct the field and apply the object again`;
}
