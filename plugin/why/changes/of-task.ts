import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { goDuration } from '../../plan/go-duration.ts';
import type { Asker } from '../asker.ts';
import { factOf, wantedBy } from '../course.ts';
import { type Change, fired, type Situation, withFacts, without, withSpec } from './change.ts';
import { smallest } from './smallest.ts';

const MAX_PRIORITY = 1_000_000;

/** Each field left out in turn: where that helps, a right value there would. */
export function specCorrected(situation: Situation, task: Task): readonly Change[] {
  if (!fired(situation, 'task/invalid-spec', 'task/cannot-build')) return [];
  return Object.keys(task.spec).map(
    (field): Change => ({
      kind: 'Spec',
      reach: 'Task',
      change: `spec.${field} is corrected or left out`,
      standIn: `without ${field}`,
      command: situation.kubectl.patch('Task', task.metadata.name, { spec: { [field]: null } }),
      case: withSpec(situation, task, without(task.spec, field)),
    }),
  );
}

/** Each context left out in turn. */
export function contextsCorrected(situation: Situation, task: Task): readonly Change[] {
  const { contexts = [] } = task.spec;
  if (!fired(situation, 'task/cannot-build', 'task/context-awaited', 'task/context-missing')) return [];
  return contexts.map(
    (context, index): Change => ({
      kind: 'Spec',
      reach: 'Task',
      change: `spec.contexts[${index}] is corrected or left out`,
      standIn: 'without it',
      command: situation.kubectl.remove('Task', task.metadata.name, `/spec/contexts/${index}`),
      case: withSpec(situation, task, { ...task.spec, contexts: contexts.filter((other) => other !== context) }),
    }),
  );
}

export function unsuspended(situation: Situation, task: Task): readonly Change[] {
  if (task.spec.suspend !== true) return [];
  const { granted: _, ...facts } = situation.case.facts;
  const resumed = { ...task, spec: { ...task.spec, suspend: false } };
  const command = situation.kubectl.patch('Task', task.metadata.name, { spec: { suspend: false } });
  const changed = { ...situation.case, facts: { ...facts, task: resumed } };
  return [{ kind: 'Suspend', reach: 'Task', change: 'spec.suspend is set to false', command, case: changed }];
}

/** The annotation taken back: too late where the Pod was asked to end. */
export function stopTakenBack(situation: Situation, task: Task): readonly Change[] {
  const { annotations } = task.metadata;
  if (annotations?.[ANNOTATIONS.stop] !== 'true') return [];
  const changed = withFacts(situation, {
    task: { ...task, metadata: { ...task.metadata, annotations: without(annotations, ANNOTATIONS.stop) } },
  });
  const command = situation.kubectl.patch('Task', task.metadata.name, { metadata: { annotations: { [ANNOTATIONS.stop]: null } } });
  return [{ kind: 'Stop', reach: 'Task', change: `the annotation ${ANNOTATIONS.stop} is taken off`, command, case: changed }];
}

/** What a Task that runs is asked by `kubectl opencode stop`. */
export function stopAsked(situation: Situation, task: Task): readonly Change[] {
  const { name, annotations } = task.metadata;
  const isRunning = situation.case.facts.pods.some(
    ({ status, metadata }) => status?.phase === 'Running' && metadata.deletionTimestamp === undefined,
  );
  if (!isRunning || annotations?.[ANNOTATIONS.stop] === 'true') return [];
  const stopped = { ...task, metadata: { ...task.metadata, annotations: { ...annotations, [ANNOTATIONS.stop]: 'true' } } };
  const command = situation.kubectl.opencode('stop', name);
  return [{ kind: 'Stop', reach: 'Task', change: 'it is asked to stop', command, case: withFacts(situation, { task: stopped }) }];
}

/** Twice the time, and as much from now where that is over already. */
export function timeoutLonger(situation: Situation, task: Task): readonly Change[] {
  const { judged, case: base, kubectl } = situation;
  const nowMs = Date.parse(base.facts.now);
  const startMs = Date.parse(task.status?.startTime ?? base.facts.pods.at(-1)?.metadata.creationTimestamp ?? '');
  const deadline = factOf(judged, 'task/timeout-ahead', 'deadlineMs');
  const isOver = fired(situation, 'task/timeout');
  if (Number.isNaN(startMs) || (typeof deadline !== 'number' && !isOver)) return [];
  const takenMs = typeof deadline === 'number' ? deadline - startMs : nowMs - startMs;
  const timeout = goDuration(Math.ceil((takenMs * 2) / 60_000) * 60_000);
  const command = kubectl.patch('Task', task.metadata.name, { spec: { timeout } });
  return [
    {
      kind: 'Timeout',
      reach: 'Task',
      change: `spec.timeout is ${timeout}`,
      command,
      case: withSpec(situation, task, { ...task.spec, timeout }),
    },
  ];
}

/** The lowest priority that makes it the first in line. */
export async function priorityRaised(situation: Situation, task: Task, asker: Asker): Promise<readonly Change[]> {
  const first = situation.judged.standing?.ahead?.[0]?.order;
  if (first === undefined) return [];
  const own = task.spec.priority ?? 0;
  const raised = (priority: number) => withSpec(situation, task, { ...task.spec, priority });
  const isFirst = async (priority: number): Promise<boolean> => {
    const wants = wantedBy(await asker.decide(raised(priority)));
    return wants !== undefined && wants.order < first;
  };
  const priority = await smallest(own + 1, Math.max(own + 1, MAX_PRIORITY), isFirst);
  if (priority === undefined) return [];
  const command = situation.kubectl.patch('Task', task.metadata.name, { spec: { priority } });
  return [{ kind: 'Priority', reach: 'Task', change: `spec.priority is ${priority} (now ${own})`, command, case: raised(priority) }];
}

/** The API server lets nobody change it, so the Task is made anew. */
export function managedByUs(situation: Situation, task: Task): readonly Change[] {
  if (!fired(situation, 'task/not-ours')) return [];
  const patch = JSON.stringify([{ op: 'remove', path: '/spec/managedBy' }]);
  const command = situation.kubectl.recreate('Task', task.metadata.name, 'patch', '--type', 'json', '-p', patch);
  const changed = withSpec(situation, task, without(task.spec, 'managedBy'));
  return [
    {
      kind: 'ManagedBy',
      reach: 'Task',
      change: 'the Task is made anew without spec.managedBy, which can’t be changed',
      command,
      case: changed,
    },
  ];
}

/** An Agent or template that is there and has nearly the name that the Task names. */
export async function referenceRenamed(situation: Situation, task: Task): Promise<readonly Change[]> {
  if (!fired(situation, 'task/reference-awaited', 'task/reference-missing')) return [];
  const { agentRef, templateRef } = task.spec;
  const [field, kind, wanted] =
    agentRef === undefined
      ? (['templateRef', 'AgentTemplate', templateRef?.name] as const)
      : (['agentRef', 'Agent', agentRef.name] as const);
  if (wanted === undefined) return [];
  const names = (await situation.near(kind, wanted)).filter((name) => name !== wanted);
  return names.map((name): Change => {
    const command = situation.kubectl.patch('Task', task.metadata.name, { spec: { [field]: { name } } });
    const changed = withSpec(situation, task, { ...task.spec, [field]: { name } });
    return { kind: 'Spec', reach: 'Task', change: `spec.${field}.name is ${name}, which is there`, command, case: changed };
  });
}
