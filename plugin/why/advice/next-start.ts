import type { Pod } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import type { Case } from '../../cluster/case.ts';
import { reopened } from '../again.ts';
import type { Asker, Settled } from '../asker.ts';
import { fired, type Situation, withFacts } from '../changes/change.ts';

/** A Task at the start of its next attempt, and the Pod that the core makes for it as things are. */
export interface NextStart extends Situation {
  readonly pod: Pod;
}

/** The start of the attempt that comes by itself, or that can be asked for, given a place where it takes one; undefined where no Pod would be made. */
export async function nextStart(situation: Situation, task: Task, asker: Asker): Promise<NextStart | undefined> {
  const start = await startOf(situation, task, asker);
  if (start === undefined) return undefined;
  const settled = await asker.settle(start);
  const placed = settled.standing === undefined ? start : { ...start, facts: { ...start.facts, granted: true } };
  const judged = placed === start ? settled : await asker.settle(placed);
  const pod = podToCreate(judged);
  return pod === undefined ? undefined : { ...situation, case: placed, judged, pod };
}

async function startOf(situation: Situation, task: Task, asker: Asker): Promise<Case | undefined> {
  const { judged, until } = situation;
  if (judged.course === 'Ended') return (await reopened(situation, task, asker))?.case;
  return fired(situation, 'task/backoff') && until !== undefined ? withFacts(situation, { now: until }) : undefined;
}

/** The Pod that a decision asks for. */
export function podToCreate({ decided }: Settled): Pod | undefined {
  for (const action of decided.actions)
    if (action.type === 'Create' && action.object.kind === 'Pod') return action.object as unknown as Pod;
  return undefined;
}
