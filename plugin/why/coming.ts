import type { Pod } from '#core/api/kubernetes.ts';
import { hasEnded } from '#core/contract/ended.ts';
import { timestamp } from '#host/clock.ts';
import type { Case } from '../cluster/case.ts';
import type { WhyMoment, WhyUntil } from '../contract/why.ts';
import type { Asker, Settled } from './asker.ts';
import type { Situation } from './changes/change.ts';
import { deletesPod, endsPod, leadsTo, nextLook } from './course.ts';
import { wholeSeconds } from './facts.ts';
import { isEndedByDeadline, latestPod } from './pods.ts';

/** Looks into the time ahead end after so many. */
const MOST_LOOKS = 64;

/** The case at a later time. A refusal is forgotten by then: it is tried again. */
function atTime({ case: base, refusal }: Situation, now: string): Case {
  return { ...base, facts: { ...base.facts, now, ...(refusal === undefined ? {} : { outcomes: [] }) } };
}

/** When the core looks again, and what it does then. A time that moves with the clock is one that the host has counted from an earlier moment. */
export async function untilOf(situation: Situation, at: string, asker: Asker): Promise<WhyUntil> {
  const nowMs = Date.parse(situation.case.facts.now);
  const [later, then] = [await asker.settle(atTime(situation, timestamp(nowMs + 1_000))), await asker.settle(atTime(situation, at))];
  const isLatest = situation.refusal !== undefined || nextLook(later) !== at;
  return {
    at,
    in: wholeSeconds(Date.parse(at) - nowMs),
    ...(isLatest ? { isLatest } : {}),
    leadsTo: situation.refusal === undefined ? leadsTo(then) : `tries again: ${leadsTo(then)}`,
    course: then.course,
  };
}

/**
 * What comes when nothing but time changes: the core is asked again at each moment at which it wants to look, as long as it writes nothing that would change
 * more than the Task’s status. Moments that say nothing new are left out; what a kubelet does by itself stands among them.
 */
export async function comingOf(situation: Situation, asker: Asker): Promise<readonly WhyMoment[]> {
  const nowMs = Date.parse(situation.case.facts.now);
  const moments: WhyMoment[] = [];
  const told = (at: string, judged: Settled, says: string): WhyMoment => ({
    at,
    in: wholeSeconds(Date.parse(at) - nowMs),
    by: 'Controller',
    leadsTo: situation.refusal === undefined ? says : `tries again: ${says}`,
    course: judged.course,
  });
  let [at, said] = [situation.until, leadsTo(situation.judged)];
  for (let looks = 0; at !== undefined && looks < MOST_LOOKS; looks++) {
    const judged = await asker.settle(atTime(situation, at));
    if (leadsTo(judged) !== said || judged.course !== situation.judged.course) moments.push(told(at, judged, leadsTo(judged)));
    else if (deletesPod(judged) && !deletesPod(situation.judged))
      moments.push(told(at, judged, 'it has not ended by then: its pod is deleted'));
    said = leadsTo(judged);
    if (judged.course === 'Starts' || judged.course === 'Ends' || endsPod(judged)) break;
    const next = nextLook(judged);
    at = next !== undefined && Date.parse(next) > Date.parse(at) ? next : undefined;
  }
  return [...moments, ...byKubelet(latestPod(situation.case.facts.pods), nowMs)].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** A deadline of the Pod that somebody else has set: ours is over when it is set. */
function byKubelet(pod: Pod | undefined, nowMs: number): readonly WhyMoment[] {
  const seconds = pod?.spec.activeDeadlineSeconds;
  const endsMs = Date.parse(pod?.status?.startTime ?? '') + (seconds ?? Number.NaN) * 1_000;
  if (pod === undefined || Number.isNaN(endsMs) || hasEnded(pod) || isEndedByDeadline(pod)) return [];
  const says = `the kubelet ends pod ${pod.metadata.name} (activeDeadlineSeconds: ${seconds})`;
  return [{ at: timestamp(endsMs), in: wholeSeconds(endsMs - nowMs), by: 'Kubelet', leadsTo: says, course: 'Runs' }];
}
