import type { Action, Decided } from '#core/contract/decision.ts';
import type { Plan, PlannedStepAction, PlannedTask } from '#plugin/contract/plan.ts';
import { plannedAction } from '#plugin/plan/actions.ts';

/** What one decision wants, as far as a plan and a journal can agree on it: times, UIDs and versions stand for themselves. */
export interface Wanted {
  readonly rules: readonly string[];
  readonly actions: readonly unknown[];
}

/** The first thing that a plan does, or, where it does nothing at first, what it says. */
export function firstPlanned(plan: Pick<Plan, 'tasks'>, name: string): Wanted {
  const task = plan.tasks.find((each) => each.name === name);
  if (task === undefined)
    throw new Error(`expected task ${name} to be in the plan, it has ${plan.tasks.map((each) => each.name).join(', ')}`);
  const step = firstStep(task);
  return { rules: step.rules, actions: step.actions.map(({ reason: _, changes: __, refused: ___, ...action }) => normal(action)) };
}

function firstStep({ steps }: PlannedTask): PlannedTask['steps'][number] {
  const atFirst = steps.filter(({ at }) => at === steps[0]?.at);
  const step = atFirst.find(({ actions }) => actions.length > 0) ?? atFirst[0];
  if (step === undefined) throw new Error('expected a plan with a step, it has none');
  return step;
}

/** The same of what a host has decided about one Task since it began. */
export function firstDecided(decisions: readonly Decided[]): Wanted {
  const decided = decisions.find(({ actions }) => actions.length > 0) ?? decisions[0];
  if (decided === undefined) throw new Error('expected the host to have decided, it has not');
  return { rules: decided.reasons.map(({ rule }) => rule), actions: decided.actions.map((action) => normal(inPlanWords(action))) };
}

function inPlanWords(action: Action): Omit<PlannedStepAction, 'reason'> {
  const { reason: _, ...planned } = plannedAction(action, '', undefined);
  return { id: action.id, ...planned };
}

const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g;
const UID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\(known after apply\)/g;

function normal(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(TIME, '<time>').replaceAll(UID, '<uid>'));
}
