import type { Task } from '#core/api/task.ts';
import { ANNOTATIONS } from '#core/contract/names.ts';
import { timestamp } from '#host/clock.ts';
import { addressKey, type Case } from '../cluster/case.ts';
import type { Asker } from './asker.ts';
import type { Situation } from './changes/change.ts';
import { leadsTo } from './course.ts';
import type { WhyAgain, WhyEnd, WhyKept } from './model.ts';
import { tried } from './tried.ts';

/** Stands for the UID that the API server would give. */
const NEW_UID = '00000000-0000-0000-0000-000000000000';

/**
 * How a Task ended: what its status keeps of it, and the rules that fired, by asking the core about the Pods that are still there as if the end had not been
 * written. Where that gives another end (a Pod was deleted since), the rules are left out.
 */
export async function endOf({ case: base }: Situation, task: Task, asker: Asker): Promise<WhyEnd> {
  const { status = {} } = task;
  const { phase = '', cause, message, completionTime, attempts = [], result } = status;
  const told = {
    phase,
    ...(cause === undefined ? {} : { cause }),
    ...(message === undefined ? {} : { message }),
    ...(completionTime === undefined ? {} : { at: completionTime }),
    attempts,
    ...(result === undefined ? {} : { result }),
  };
  if (base.facts.pods.length === 0) return told;
  const { finishedRank: _, ...facts } = base.facts;
  const { completionTime: __, cause: ___, message: ____, ...before } = status;
  const stopped = status.conditions?.find(({ type, status: is }) => type === 'Stopped' && is === 'True');
  const conditions = (status.conditions ?? []).filter(({ type }) => type !== 'Finished' && type !== 'Stopping' && type !== 'Stopped');
  const stopping =
    stopped === undefined ? [] : [{ ...stopped, type: 'Stopping', lastTransitionTime: status.startTime ?? stopped.lastTransitionTime }];
  const unended: Task = { ...task, status: { ...before, phase: 'Running', conditions: [...conditions, ...stopping] } };
  const then = { ...base, facts: { ...facts, task: unended, now: completionTime ?? facts.now } };
  const judged = await asker.decide({ ...then, facts: { ...then.facts, now: timestamp(Date.parse(then.facts.now)) } });
  const isSame = judged.course === 'Ends' && judged.phase === phase && judged.cause === cause;
  return { ...told, ...(isSame ? { reasons: judged.decided.reasons } : {}) };
}

/** How long a finished Task is kept: until its time is over, or until so many more have ended. The core is asked when it would delete it. */
export async function keptOf({ case: base, until }: Situation, asker: Asker): Promise<WhyKept> {
  const { finishedRank, settings } = base.facts;
  const limit = settings.config.cleanup?.maxRetainedTasks;
  const isDeletedAt = async (facts: Partial<Case['facts']>): Promise<boolean> => {
    const { decided } = await asker.decide({ ...base, facts: { ...base.facts, ...facts } });
    return decided.actions.some((action) => action.type === 'Delete' && action.ref.kind === 'Task');
  };
  const byTime = until !== undefined && (await isDeletedAt({ now: until }));
  const byCount = limit !== undefined && finishedRank !== undefined && (await isDeletedAt({ finishedRank: limit }));
  return {
    ...(byTime ? { deletedAt: until } : {}),
    ...(byCount ? { rank: finishedRank, limit, deletedAfter: Math.max(0, limit - finishedRank) } : {}),
  };
}

/** What a new Task with this spec would come to now, with the command that makes it, and what would have to change before. */
export async function againOf(situation: Situation, task: Task, asker: Asker): Promise<WhyAgain> {
  const { case: base, kubectl } = situation;
  const { finishedRank: _, granted: __, ...facts } = base.facts;
  const { status: ___, ...rest } = task;
  const { [ANNOTATIONS.stop]: stop, ...annotations } = task.metadata.annotations ?? {};
  const { name, namespace = '' } = task.metadata;
  const fresh: Task = {
    ...rest,
    metadata: { name, namespace, uid: NEW_UID, creationTimestamp: facts.now, ...(stop === undefined ? {} : { annotations }) },
  };
  const pod = addressKey({ kind: 'Pod', namespace, name: task.status?.podName ?? '' });
  const asked: Case = {
    facts: { ...facts, subject: { ...facts.subject, uid: NEW_UID }, task: fresh, pods: [], outcomes: [] },
    answers: { ...base.answers, [pod]: { absent: true } },
  };
  const judged = await asker.settle(asked);
  const edit = stop === undefined ? [] : ['annotate', `${ANNOTATIONS.stop}-`];
  return {
    command: kubectl.recreate('Task', name, ...edit),
    leadsTo: leadsTo(judged),
    course: judged.course,
    changes: await tried({ case: asked, judged, kubectl, near: situation.near }, asker),
  };
}
