import * as z from 'zod';
import { anyObject, type Infer, listMap, quantity } from './common.ts';

/** `corev1.EnvVar`. */
const envVar = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: anyObject.optional().describe('Source of the value: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef.'),
});

/** `corev1.VolumeMount`. */
const volumeMount = z.strictObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: z.string().optional(),
  subPathExpr: z.string().optional(),
  readOnly: z.boolean().optional(),
  recursiveReadOnly: z.string().optional(),
  mountPropagation: z.string().optional(),
});

/** `corev1.Volume`: a name and one source. */
const volume = z.looseObject({ name: z.string().describe('Name that volume mounts use.') });

/** `corev1.Toleration`. */
const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.string().optional(),
  value: z.string().optional(),
  effect: z.string().optional(),
  tolerationSeconds: z.int().optional(),
});

/** `corev1.ResourceRequirements`. */
const resources = z.strictObject({
  limits: z.record(z.string(), quantity).optional(),
  requests: z.record(z.string(), quantity).optional(),
  claims: listMap(z.strictObject({ name: z.string(), request: z.string().optional() }), 'name').optional(),
});

const systemContainer = z.strictObject({
  extraEnv: z.array(envVar).optional().describe('Environment variables of this container, after podSpec.extraEnv.'),
  extraVolumeMounts: z.array(volumeMount).optional().describe('Volume mounts of this container.'),
});

/** What people may say about the Pod that runs their agent. */
export const agentPodSpec = z.strictObject({
  labels: z
    .record(z.string(), z.string())
    .optional()
    .describe('Labels of the Pod; they may overwrite ours except kubeopencode.io/task-uid.'),
  annotations: z
    .record(z.string(), z.string())
    .optional()
    .describe('Annotations of the Pod, such as cluster-autoscaler.kubernetes.io/safe-to-evict.'),
  scheduling: z
    .strictObject({
      nodeSelector: z.record(z.string(), z.string()).optional(),
      tolerations: z.array(toleration).optional(),
      affinity: anyObject.optional().describe('Node and Pod affinity, as in a Pod.'),
    })
    .optional()
    .describe('Which nodes the Pod may run on.'),
  runtimeClassName: z.string().optional().describe('RuntimeClass of the Pod.'),
  priorityClassName: z.string().optional().describe('PriorityClass of the Pod.'),
  terminationGracePeriodSeconds: z
    .int()
    .min(0)
    .optional()
    .describe('Seconds that the agent has to save its work when the Pod is ended. Default: 30, as in every Pod.'),
  resources: resources.optional().describe('Resources of the agent container. Default: request 512Mi and limit 4Gi of memory.'),
  securityContext: anyObject.optional().describe('Security context of the agent container; replaces the default as a whole.'),
  podSecurityContext: anyObject.optional().describe('Security context of the Pod.'),
  lifecycle: anyObject.optional().describe('Lifecycle hooks of the agent container.'),
  extraVolumes: z.array(volume).optional().describe('Volumes of the Pod.'),
  extraVolumeMounts: z.array(volumeMount).optional().describe('Volume mounts of the agent container.'),
  extraEnv: z.array(envVar).optional().describe('Environment variables of every container; they win over ours.'),
  systemContainers: z
    .strictObject({
      openCodeInit: systemContainer.optional(),
      contextInit: systemContainer.optional(),
      gitInit: systemContainer.optional(),
      gitSync: systemContainer.optional(),
      pluginInit: systemContainer.optional(),
    })
    .optional()
    .describe('Additions to single init containers.'),
});
export type AgentPodSpec = Infer<typeof agentPodSpec>;
export type SystemContainer = Infer<typeof systemContainer>;
