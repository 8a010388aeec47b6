import type { Agent } from '../api/agent.ts';
import type { Session } from '../api/task.ts';
import type { TaskCleanup } from '../api/task-parts.ts';
import type { Action, Decision, Reason } from '../contract/decision.ts';
import type { Ref } from '../contract/snapshot.ts';
import { parseTime } from '../units/time.ts';
import { answerFor, outcomeOf, reason, startedFrom, type TaskContext } from './context.ts';
import { decided, reads } from './decided.ts';
import { deletePod, hasEnded, releasePod } from './pods.ts';
import { parseObject } from './started-with.ts';
import { patchStatus } from './status.ts';

/** A finished Task: its end never changes. What is left to do is to let its Pods go and, in time, to delete it. */
export function afterEnd(context: TaskContext): Decision {
  const { snapshot, task } = context;
  const ttl = ttlSeconds(context);
  if (ttl !== null && typeof ttl === 'object') return reads(ttl.refs);
  const trail: Reason[] = [reason('task/finished', `task is ${task.status?.phase}`)];
  const leftOver = snapshot.pods.filter((pod) => !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined);
  if (leftOver.length > 0)
    trail.push(
      reason('task/left-over-pod', 'a pod of a finished task still lives: it is deleted', {
        pods: leftOver.map((pod) => pod.metadata.name),
      }),
    );
  const actions: Action[] = [
    ...leftOver.flatMap((pod) => deletePod(snapshot, pod)),
    ...snapshot.pods.flatMap((pod) => releasePod(snapshot, pod)),
    ...sessionStatus(context),
  ];
  const { completionTime } = task.status ?? {};
  const completedMs = parseTime(completionTime);
  const expiresMs = ttl === null || completedMs === null ? null : completedMs + ttl * 1_000;
  const expired = expiresMs !== null && context.nowMs >= expiresMs;
  const surplus = isSurplus(context);
  if (expired) trail.push(reason('task/ttl', `its time after the end is over (${ttl} s)`, { completionTime: completionTime ?? '' }));
  if (surplus)
    trail.push(
      reason('task/retention', 'more finished tasks than are kept: this is one of the oldest', { rank: snapshot.finishedRank ?? 0 }),
    );
  if (expired || surplus) actions.push(deleteTask(context));
  return decided({ actions, wakeAtMs: expired ? null : expiresMs, reasons: trail });
}

function agentRefOf(context: TaskContext): readonly Ref[] {
  const name = startedFrom(context).agentRef?.name;
  return name === undefined ? [] : [{ kind: 'Agent', namespace: context.snapshot.subject.namespace, name }];
}

/** Seconds that a finished Task is kept: its own word, its Agent's default, the cluster's default, the cluster's clean-up; null: for ever. */
function ttlSeconds(context: TaskContext): number | null | { readonly refs: readonly Ref[] } {
  const own = ttlOf(context.task.spec.cleanup);
  if (own !== null) return own;
  const { config } = context.snapshot.settings;
  const cluster = ttlOf(config.taskDefaults?.cleanup) ?? ttlOf(config.cleanup);
  const [ref] = agentRefOf(context);
  if (ref === undefined) return cluster;
  const answer = answerFor(context.snapshot, ref);
  if (answer === undefined) return { refs: [ref] };
  const agent = 'found' in answer ? (answer.found as Agent) : null;
  return ttlOf(agent?.spec?.taskDefaults?.cleanup) ?? cluster;
}

/** What people may have stored under an older CRD counts as nothing: no Task is deleted for it. */
function ttlOf(cleanup: TaskCleanup | null | undefined): number | null {
  const ttl: unknown = cleanup?.ttlSecondsAfterFinished;
  return typeof ttl === 'number' && Number.isSafeInteger(ttl) && ttl >= 0 ? ttl : null;
}

function isSurplus(context: TaskContext): boolean {
  const kept: unknown = context.snapshot.settings.config.cleanup?.maxRetainedTasks;
  const rank = context.snapshot.finishedRank;
  return typeof kept === 'number' && kept >= 0 && rank !== undefined && rank >= kept;
}

function deleteTask(context: TaskContext): Action {
  const { subject } = context.snapshot;
  return {
    type: 'Delete',
    id: 'delete/task',
    ref: { kind: 'Task', namespace: subject.namespace, name: subject.name },
    uid: subject.uid,
    propagationPolicy: 'Background',
  };
}

/** What the Agent's server said of the session, when that has come back. */
function sessionStatus(context: TaskContext): readonly Action[] {
  const outcome = outcomeOf(context.snapshot, `session/${context.attempt}`);
  const answer = outcome?.result === 'ok' && outcome.answer !== undefined ? parseObject(outcome.answer) : null;
  if (answer === null || context.task.status?.session?.id !== undefined) return [];
  return patchStatus(context, 'status/session', { set: { session: { ...context.task.status?.session, ...(answer as Session) } } });
}
