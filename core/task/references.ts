import type { Agent } from '../api/agent.ts';
import type { AgentTemplate } from '../api/agent-template.ts';
import type { KubernetesObject } from '../api/kubernetes.ts';
import type { ReadKind, Ref } from '../contract/snapshot.ts';
import { answerFor, liveAnswerFor, type TaskContext } from './context.ts';
import { relookAtMs, waitsSinceMs } from './wait.ts';

/** Why a Task can't start yet; becomes `Ready=False` with this reason. */
export type WaitReason = 'AgentError' | 'ContextError';

export type Lookup<T> =
  | { readonly type: 'Found'; readonly object: T }
  | { readonly type: 'Reads'; readonly refs: readonly Ref[] }
  /** Not there, and there is time left, or not readable, which is never final; `wakeAtMs` is when to look again if nothing happens before. */
  | { readonly type: 'Waits'; readonly message: string; readonly wakeAtMs: number }
  /** Not there by a live read, and the time is up. */
  | { readonly type: 'Missing'; readonly message: string };

/** When the wait for something missing ends, in milliseconds since the epoch: counted from the condition that says so, else from now. */
export function graceEndsMs(context: TaskContext, waitReason: WaitReason, message: string): number {
  return waitsSinceMs(context, waitReason, message) + context.snapshot.settings.referenceGraceSeconds * 1_000;
}

/** Looks an object up in the cache; before its absence is final, live. */
export function lookUp<T extends KubernetesObject>(context: TaskContext, ref: Ref, what: string, waitReason: WaitReason): Lookup<T> {
  const answer = answerFor(context.snapshot, ref);
  if (answer === undefined) return { type: 'Reads', refs: [ref] };
  // The kind in the ref says which type the API server answers with.
  if ('found' in answer) return { type: 'Found', object: answer.found as T };
  if ('unavailable' in answer) {
    const message = `${what} could not be read: ${answer.unavailable.message} (code ${answer.unavailable.code})`;
    return { type: 'Waits', message, wakeAtMs: relookAtMs(context, waitsSinceMs(context, waitReason, message)) };
  }
  const message = `${what} not found in namespace ${JSON.stringify(ref.namespace)}`;
  const untilMs = graceEndsMs(context, waitReason, message);
  if (context.nowMs < untilMs) return { type: 'Waits', message, wakeAtMs: untilMs };
  return liveAnswerFor(context.snapshot, ref) === undefined
    ? { type: 'Reads', refs: [{ ...ref, live: true }] }
    : { type: 'Missing', message };
}

/** What a Task's reference leads to. */
export type Source = { readonly agent: Agent; readonly template: AgentTemplate | null } | { readonly template: AgentTemplate };

export interface SourceLookup {
  readonly found: Lookup<Source>;
  /** Everything that was looked at: a change of any of them asks for a new decision. */
  readonly dependsOn: readonly Ref[];
}

/** The Agent and the AgentTemplate that a Task names, in its own namespace. */
export function lookUpSource(context: TaskContext): SourceLookup {
  const { agentRef, templateRef } = context.task.spec;
  if (agentRef === undefined) {
    const ref = refOf(context, 'AgentTemplate', templateRef?.name ?? '');
    const template = lookUp<AgentTemplate>(context, ref, `agent template ${JSON.stringify(ref.name)}`, 'AgentError');
    return { dependsOn: [ref], found: template.type === 'Found' ? { type: 'Found', object: { template: template.object } } : template };
  }
  const ref = refOf(context, 'Agent', agentRef.name);
  const agent = lookUp<Agent>(context, ref, `agent ${JSON.stringify(ref.name)}`, 'AgentError');
  if (agent.type !== 'Found') return { dependsOn: [ref], found: agent };
  const inherited = agent.object.spec.templateRef?.name;
  if (inherited === undefined) return { dependsOn: [ref], found: { type: 'Found', object: { agent: agent.object, template: null } } };
  const templateOf = refOf(context, 'AgentTemplate', inherited);
  const template = lookUp<AgentTemplate>(
    context,
    templateOf,
    `agent template ${JSON.stringify(inherited)} of agent ${JSON.stringify(ref.name)}`,
    'AgentError',
  );
  return {
    dependsOn: [ref, templateOf],
    found: template.type === 'Found' ? { type: 'Found', object: { agent: agent.object, template: template.object } } : template,
  };
}

function refOf(context: TaskContext, kind: ReadKind, name: string): Ref {
  return { kind, namespace: context.snapshot.subject.namespace, name };
}
