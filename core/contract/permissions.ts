import type { Kind } from './kinds.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
export type Subresource = 'status' | 'finalizers' | 'log';

/**
 * One thing that this system may do at the API server, and why. The RBAC is generated from these, and the host refuses an action of the core
 * that is not among them, so neither can say more than the other.
 */
export interface Permission {
  readonly kind: Kind;
  readonly subresource?: Subresource;
  readonly verb: Verb;
  /** `action`: what a decision may ask for. `host`: what the process needs for itself; a decision never may. */
  readonly by: 'action' | 'host';
  /** `own`: only in the namespace that the host runs in. `cluster`: objects of no namespace. Otherwise in every namespace that it works in. */
  readonly scope?: 'own' | 'cluster';
  readonly why: string;
}

export const PERMISSIONS: readonly Permission[] = [
  { kind: 'Task', verb: 'list', by: 'host', why: 'know the Tasks there are' },
  { kind: 'Task', verb: 'watch', by: 'host', why: 'hear of new and changed Tasks' },
  { kind: 'Task', verb: 'get', by: 'host', why: 'prove that a Task is gone before its Pod is released' },
  { kind: 'Task', verb: 'patch', by: 'action', why: 'label a Task with its Agent, as Attach needs for the standby of servers' },
  { kind: 'Task', verb: 'delete', by: 'action', why: 'clean up finished Tasks' },
  { kind: 'Task', subresource: 'status', verb: 'patch', by: 'action', why: 'write what became of a Task' },
  {
    kind: 'Task',
    subresource: 'finalizers',
    verb: 'update',
    by: 'host',
    why: 'set blockOwnerDeletion on what a Task owns, where OwnerReferencesPermissionEnforcement is on',
  },

  { kind: 'Agent', verb: 'list', by: 'host', why: 'know the Agents that Tasks name' },
  { kind: 'Agent', verb: 'watch', by: 'host', why: 'wake Tasks when their Agent appears or changes' },
  { kind: 'Agent', verb: 'get', by: 'host', why: 'prove that an Agent is missing before that is final' },
  { kind: 'Agent', subresource: 'status', verb: 'patch', by: 'action', why: 'record the starts that a quota counts' },

  { kind: 'AgentTemplate', verb: 'list', by: 'host', why: 'know the AgentTemplates that Tasks and Agents name' },
  { kind: 'AgentTemplate', verb: 'watch', by: 'host', why: 'wake Tasks when their AgentTemplate appears or changes' },
  { kind: 'AgentTemplate', verb: 'get', by: 'host', why: 'prove that an AgentTemplate is missing before that is final' },

  { kind: 'KubeOpenCodeConfig', verb: 'list', by: 'host', scope: 'cluster', why: 'take the settings of the cluster' },
  { kind: 'KubeOpenCodeConfig', verb: 'watch', by: 'host', scope: 'cluster', why: 'take changed settings without a restart' },

  { kind: 'Pod', verb: 'list', by: 'host', why: 'know the Pods of the Tasks' },
  { kind: 'Pod', verb: 'watch', by: 'host', why: 'hear how the Pods fare' },
  { kind: 'Pod', verb: 'get', by: 'host', why: 'prove that a Pod is gone, or whose it is when its name is taken' },
  { kind: 'Pod', verb: 'create', by: 'action', why: 'run a Task' },
  {
    kind: 'Pod',
    verb: 'patch',
    by: 'action',
    why: 'end containers by a deadline, adopt a Pod at a cut-over, and release one whose end is recorded',
  },
  { kind: 'Pod', verb: 'delete', by: 'action', why: 'stop a Task' },
  { kind: 'Pod', subresource: 'log', verb: 'get', by: 'host', why: 'keep the end of the log of a Pod that is deleted' },

  { kind: 'ConfigMap', verb: 'get', by: 'host', why: 'read the contexts that a Task names, and whose a kept log is' },
  { kind: 'ConfigMap', verb: 'create', by: 'action', why: 'carry the files of a Task into its Pod, and keep the end of its log' },
  {
    kind: 'ConfigMap',
    verb: 'patch',
    by: 'action',
    why: 'bring those files up to date as long as the Pod is not created, and keep more of a log',
  },

  { kind: 'Event', verb: 'create', by: 'action', why: 'tell people what happened' },

  { kind: 'Lease', verb: 'get', by: 'host', scope: 'own', why: 'see which replica leads' },
  { kind: 'Lease', verb: 'create', by: 'host', scope: 'own', why: 'lead when nobody ever did' },
  { kind: 'Lease', verb: 'update', by: 'host', scope: 'own', why: 'take, renew and release the lead' },
];

/** Whether a decision may ask for this write. */
export function isActionAllowed(verb: Verb, kind: Kind, subresource?: Subresource): boolean {
  return PERMISSIONS.some(
    (permission) =>
      permission.by === 'action' && permission.verb === verb && permission.kind === kind && permission.subresource === subresource,
  );
}
