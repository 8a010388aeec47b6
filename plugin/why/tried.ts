import type { Course, WhyChange } from '../contract/why-changes.ts';
import type { Asker, Settled } from './asker.ts';
import { type Change, REACH_RANKS, type Situation } from './changes/change.ts';
import { possibleChanges } from './changes/possible.ts';
import { endsPod, leadsTo, nextLook } from './course.ts';
import { moment } from './facts.ts';

/** Every change that makes a difference, each asked of the core: those that are enough first, and of each the smaller ones first. That time alone does not help is told elsewhere. */
export async function tried(situation: Situation, asker: Asker): Promise<readonly WhyChange[]> {
  const made: WhyChange[] = [];
  for (const change of await possibleChanges(situation, asker)) {
    const after = await asker.settle(change.case, change.gone);
    if (differs(change, situation.judged, after)) made.push(whyChange(change, situation.judged, after));
  }
  return made
    .filter(({ kind, goesOn }) => goesOn || kind !== 'Time')
    .sort((a, b) => Number(b.goesOn) - Number(a.goesOn) || REACH_RANKS[a.reach] - REACH_RANKS[b.reach]);
}

/** Rules of a fault in a spec: where one of these still fires, the field that was left out was the wrong one. */
const FAULT_RULES = ['task/invalid-spec', 'task/config-unusable', 'task/agent-unusable', 'task/cannot-build'];

function differs({ kind, standIn }: Change, before: Settled, after: Settled): boolean {
  const isInVain = standIn !== undefined && after.decided.reasons.some(({ rule }) => FAULT_RULES.includes(rule));
  if (isInVain) return false;
  return (
    after.course !== before.course ||
    after.says !== before.says ||
    after.standing?.left !== before.standing?.left ||
    (kind === 'Timeout' && nextLook(after) !== nextLook(before))
  );
}

function whyChange(change: Change, before: Settled, after: Settled): WhyChange {
  const { kind, reach, standIn, command, look } = change;
  const left = after.standing?.left;
  return {
    kind,
    change: change.change,
    reach,
    ...(standIn === undefined ? {} : { standIn }),
    ...(command === undefined ? {} : { command }),
    ...(look === undefined ? {} : { look }),
    goesOn: isFurther(change, before, after),
    leadsTo: thenText(change, after),
    ...(left === undefined || left === 0 ? {} : { position: left }),
  };
}

function thenText({ kind }: Change, after: Settled): string {
  const look = nextLook(after);
  if (kind === 'Timeout' && look !== undefined && after.course === 'Runs') return `${leadsTo(after)}, and may run until ${moment(look)}`;
  const left = after.standing?.left ?? 0;
  return left === 0 ? leadsTo(after) : `${leadsTo(after)} (it is ${left === 1 ? 'first' : `number ${left}`} in line)`;
}

const ORDER: readonly Course[] = ['Waits', 'Starts', 'Runs', 'Ends'];

/** One step on: from waiting to a Pod, from a Pod that waits to one that runs, from there to the end; or on instead of being ended. To fail is no help. */
function isFurther({ kind }: Change, before: Settled, after: Settled): boolean {
  // More time helps what runs, or is about to be ended.
  if (kind === 'Timeout' && !isRunning(before) && !endsPod(before)) return false;
  if (after.phase === 'Failed' || after.course === 'Fails') return false;
  if (before.course === 'Ends') return after.course !== 'Ends';
  if (before.course === 'Runs' && after.course === 'Runs') return !endsPod(after);
  return ORDER.indexOf(after.course) > ORDER.indexOf(before.course);
}

function isRunning({ snapshot }: Settled): boolean {
  return snapshot.pods.some(({ status }) => status?.phase === 'Running');
}
