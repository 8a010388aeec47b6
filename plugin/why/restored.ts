import type { Condition } from '#core/api/kubernetes.ts';
import type { Action, Reason } from '#core/contract/decision.ts';
import type { Outcome } from '#core/contract/snapshot.ts';
import type { Case } from '../cluster/case.ts';
import type { Judged } from './course.ts';

/** A refusal that only the host was told, taken from the condition in which it says so. */
export interface Restored {
  readonly case: Case;
  readonly judged: Judged;
  /** What the API server said; absent where it said that the name is taken, which can be seen. */
  readonly refusal?: string;
  /** `Ready=False/PodCreationError`. */
  readonly condition: string;
}

export type Decide = (asked: Case) => Promise<Judged>;

/** Stands in for a message, to learn the words that the core puts around one. */
const MARK = '\u241f';
const NAME_TAKEN = 'NameConflict';

/**
 * The case with the last refusal of a write that starts the Task, as its condition tells it; undefined when none is told, or the core does not want that
 * write. How often it was tried and when is not known: facts that depend on that are left out, and the time is the latest that it can be.
 */
export async function restoreRefusal(base: Case, judged: Judged, decide: Decide): Promise<Restored | undefined> {
  const ready = base.facts.task?.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False');
  const action = ready === undefined ? undefined : refusedAction(ready, judged.decided.actions);
  if (ready === undefined || action === undefined) return undefined;
  const made = (message: string, tries: { readonly count: number; readonly code?: number }): Case => ({
    ...base,
    facts: { ...base.facts, outcomes: [outcome(base, ready, action, message, tries)] },
  });
  const [before = ''] = (await decide(made(MARK, { count: 1 }))).says.split(MARK);
  const refusal = ready.message.startsWith(before) ? ready.message.slice(before.length) : ready.message;
  const [once, often] = [await decide(made(refusal, { count: 1 })), await decide(made(refusal, { count: 1_000, code: 403 }))];
  // The core takes it as no refusal: then the condition is of another time.
  if (once.course === 'Starts' || once.course === 'Fails') return undefined;
  const reasons = often.decided.reasons.map((reason, index) => withKnownFacts(reason, once.decided.reasons[index]));
  return {
    case: made(refusal, { count: 1 }),
    judged: { ...often, decided: { ...often.decided, reasons } },
    ...(ready.reason === NAME_TAKEN ? {} : { refusal }),
    condition: `${ready.type}=${ready.status}/${ready.reason}`,
  };
}

/** The write of the start that a condition says was refused. */
function refusedAction({ reason }: Condition, actions: readonly Action[]): Action | undefined {
  switch (reason) {
    case 'PodCreationError':
    case NAME_TAKEN:
      return actions.find((action) => action.type === 'Create' && action.object.kind === 'Pod');
    case 'ConfigMapCreationError':
      return actions.find((action) => action.type === 'Create' && action.object.kind === 'ConfigMap');
    case 'AgentError':
      return actions.find((action) => action.type === 'RecordStart');
    default:
      return undefined;
  }
}

function outcome(
  { facts }: Case,
  { reason, lastTransitionTime }: Condition,
  action: Action,
  message: string,
  { count, code }: { readonly count: number; readonly code?: number },
): Outcome {
  const isTaken = reason === NAME_TAKEN;
  return {
    actionId: action.id,
    result: 'refused',
    ...(isTaken ? { code: 409, reason: 'AlreadyExists' } : code === undefined ? {} : { code }),
    message,
    count,
    firstAt: lastTransitionTime,
    lastAt: facts.now,
  };
}

function withKnownFacts(reason: Reason, other: Reason | undefined): Reason {
  const isKnown = (name: string, value: unknown): boolean => JSON.stringify(other?.facts[name]) === JSON.stringify(value);
  return { ...reason, facts: Object.fromEntries(Object.entries(reason.facts).filter(([name, value]) => isKnown(name, value))) };
}
