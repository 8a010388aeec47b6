import type { Agent } from '../api/agent.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import type { Task } from '../api/task.ts';
import { isFinished } from './ended.ts';
import type { Ref, Snapshot } from './snapshot.ts';

/**
 * What a decision will ask for in all likelihood, so that a host that has it at hand gives it at once and saves a pass. Only a hint: what is given for
 * nothing changes no decision, and what is missing is asked for. Nothing for a Task that has a Pod, has ended, goes or is suspended.
 * @param cached an object as the host's cache has it; undefined when it has none
 */
export function expectedReads(
  { subject, task, pods }: Pick<Snapshot, 'subject' | 'task' | 'pods'>,
  cached: (ref: Ref) => KubernetesObject | undefined,
): readonly Ref[] {
  if (task === null || pods.length > 0 || isFinished(task) || task.metadata.deletionTimestamp !== undefined) return [];
  // Whoever wrote the Task, or the Agent, may have written anything.
  const { agentRef, templateRef, suspend } = (task.spec ?? {}) as Partial<Task['spec']>;
  if (suspend === true) return [];
  if (agentRef === undefined || agentRef === null) return refTo('AgentTemplate', subject.namespace, templateRef?.name);
  const agents = refTo('Agent', subject.namespace, agentRef.name);
  const templates = agents.flatMap((ref) =>
    refTo('AgentTemplate', ref.namespace, (cached(ref) as Partial<Agent> | undefined)?.spec?.templateRef?.name),
  );
  return [...agents, ...templates];
}

function refTo(kind: 'Agent' | 'AgentTemplate', namespace: string, name: unknown): readonly Ref[] {
  return typeof name === 'string' && name !== '' ? [{ kind, namespace, name }] : [];
}
