import { agentSchema } from '#core/api/agent.ts';
import { agentTemplateSchema } from '#core/api/agent-template.ts';
import { kubeOpenCodeConfigSchema } from '#core/api/config.ts';
import { taskSchema } from '#core/api/task.ts';
import type { Definition, PrinterColumn } from './definition.ts';

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** The kinds that we own. Names, short names and columns are upstream's; Cause and Message are ours. */
export const DEFINITIONS: readonly Definition[] = [
  {
    kind: 'Task',
    shortName: 'tk',
    schema: taskSchema,
    description: 'One assignment for an AI coding agent; it runs as one Pod.',
    hasStatus: true,
    columns: [
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Agent', type: 'string', jsonPath: '.status.agentRef.name' },
      { name: 'Template', type: 'string', jsonPath: '.status.templateRef.name', priority: 1 },
      { name: 'Pod', type: 'string', jsonPath: '.status.podName' },
      {
        name: 'Cause',
        type: 'string',
        jsonPath: '.status.cause',
        description: 'Why the Task ended otherwise than by success, or waits',
        priority: 1,
      },
      { name: 'Attempts', type: 'integer', jsonPath: '.status.attemptCount', description: 'How many attempts there were', priority: 1 },
      { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
      age,
    ],
    selectableFields: ['.spec.agentRef.name', '.spec.templateRef.name', '.status.phase'],
  },
  {
    kind: 'Agent',
    shortName: 'ag',
    schema: agentSchema,
    description: 'Who runs Tasks: images, configuration, credentials, limits and defaults.',
    hasStatus: true,
    columns: [
      { name: 'Profile', type: 'string', jsonPath: '.spec.profile', priority: 1 },
      { name: 'Image', type: 'string', jsonPath: '.spec.executorImage', priority: 1 },
      { name: 'ServiceAccount', type: 'string', jsonPath: '.spec.serviceAccountName' },
      { name: 'MaxTasks', type: 'integer', jsonPath: '.spec.maxConcurrentTasks', priority: 1 },
      { name: 'Ready', type: 'boolean', jsonPath: '.status.ready' },
      age,
    ],
    selectableFields: [],
  },
  {
    kind: 'AgentTemplate',
    shortName: 'agt',
    schema: agentTemplateSchema,
    description: 'How an agent’s Pods are made; Agents inherit from it and Tasks may use it directly.',
    hasStatus: true,
    columns: [
      { name: 'Image', type: 'string', jsonPath: '.spec.executorImage', priority: 1 },
      { name: 'WorkspaceDir', type: 'string', jsonPath: '.spec.workspaceDir', priority: 1 },
      { name: 'ServiceAccount', type: 'string', jsonPath: '.spec.serviceAccountName' },
      age,
    ],
    selectableFields: [],
  },
  {
    kind: 'KubeOpenCodeConfig',
    shortName: 'ktc',
    schema: kubeOpenCodeConfigSchema,
    description: 'Settings of the whole cluster; there is one, named cluster.',
    hasStatus: false,
    columns: [age],
    selectableFields: [],
  },
];
