import type { PlanNext, PlanQueue } from '../contract/plan.ts';

/** So many objects are named. */
const MOST_OBJECTS = 3;

/** `nothing until a place of agent "reviewer" falls to it (2 of 3 in the queue, behind urgent; 1 of 1 taken, by first), or +1h`. */
export function nextText({ until, dependsOn, pod, queue }: PlanNext, timeOf: (at: string) => string): string {
  const objects = dependsOn.filter(({ kind, name }) => !(kind === 'Pod' && name === pod));
  const parts = [
    ...(queue === undefined ? [] : [placeText(queue, timeOf)]),
    ...(pod === undefined ? [] : [`pod ${pod} changes`]),
    ...(objects.length === 0 ? [] : [`${objectsText(objects)} changes`]),
    ...(until === undefined ? [] : [timeOf(until.at)]),
  ];
  return `nothing until ${parts.length === 0 ? 'the Task is changed' : parts.join(', or ')}`;
}

function placeText(
  { agent, position, waiting, ahead, holding, taken, slots, isClosed, notBefore }: PlanQueue,
  timeOf: (at: string) => string,
): string {
  const by = taken === 0 ? '' : ` by ${namesText(holding, taken)}`;
  const told = [
    `${position} of ${waiting} in the queue${ahead.length === 0 ? '' : `, behind ${namesText(ahead, position - 1)}`}`,
    ...(slots === undefined ? [] : [`${taken} of ${slots} taken${by}`]),
    ...(isClosed === true ? ['the Agent gives none now'] : []),
    ...(notBefore === undefined ? [] : [`none before ${timeOf(notBefore.at)}`]),
  ];
  return `a place of agent "${agent}" falls to it (${told.join('; ')})`;
}

function namesText(names: readonly string[], total: number): string {
  const shown = names.slice(0, MOST_OBJECTS);
  const rest = total - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function objectsText(objects: PlanNext['dependsOn']): string {
  const shown = objects.slice(0, MOST_OBJECTS).map(({ kind, name }) => `${kind} ${name}`);
  return `${shown.join(' or ')}${objects.length > MOST_OBJECTS ? ` or ${objects.length - MOST_OBJECTS} more` : ''}`;
}
