import type { Decided, QueuePlace } from '#core/contract/decision.ts';
import type { Deliberation } from '#host/controller/deliberate.ts';

/**
 * What a decision comes to, told from what it asks to be written: `Starts` a Pod, `Ends` the Task, it `Runs`, it `Waits`, it has `Ended`. `Fails`: the core
 * could not decide.
 */
export type Course = 'Waits' | 'Starts' | 'Runs' | 'Ends' | 'Ended' | 'Fails';

export interface Judged {
  readonly course: Course;
  /** First thing that it says. */
  readonly says: string;
  /** Phase that it writes, where it writes one. */
  readonly phase?: string;
  readonly decided: Decided;
}

const NOTHING: Decided = { type: 'Decided', actions: [], dependsOn: [], reasons: [] };
const FINAL_PHASES = ['Completed', 'Failed'];

export function judge(deliberation: Deliberation): Judged {
  if (deliberation.type === 'Faulted') return { course: 'Fails', says: `the core failed: ${deliberation.fault.message}`, decided: NOTHING };
  const { decided, snapshot } = deliberation;
  const says = decided.reasons[0]?.says ?? 'nothing is to be done';
  const phase = writtenPhase(decided);
  const told = { says, decided, ...(phase === undefined ? {} : { phase }) };
  if (FINAL_PHASES.includes(snapshot.task?.status?.phase ?? '')) return { course: 'Ended', ...told };
  if (phase !== undefined && FINAL_PHASES.includes(phase)) return { course: 'Ends', ...told };
  if (decided.actions.some((action) => action.type === 'Create' && action.object.kind === 'Pod')) return { course: 'Starts', ...told };
  const isUnderWay = snapshot.pods.length > 0 || snapshot.task?.status?.phase === 'Running' || decided.queue?.state === 'Holds';
  return { course: isUnderWay ? 'Runs' : 'Waits', ...told };
}

/** What comes next, in one sentence: with the end where it ends, and for an ended Task what is done with it. */
export function leadsTo({ course, says, phase, decided }: Judged): string {
  if (course === 'Ended') return decided.reasons.at(-1)?.says ?? says;
  return course === 'Ends' && phase !== undefined ? `${phase}: ${says}` : says;
}

/** The place that it wants; undefined when it wants none. */
export function wantedBy({ decided }: Judged): Extract<QueuePlace, { state: 'Wants' }> | undefined {
  return decided.queue?.state === 'Wants' ? decided.queue : undefined;
}

function writtenPhase({ actions }: Decided): string | undefined {
  for (const action of actions) {
    if (action.type !== 'Patch' || action.ref.kind !== 'Task' || action.subresource !== 'status') continue;
    const { status } = action.patch;
    if (typeof status === 'object' && status !== null && 'phase' in status && typeof status.phase === 'string') return status.phase;
  }
  return undefined;
}
