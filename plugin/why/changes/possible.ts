import { hasEnded } from '#core/contract/ended.ts';
import type { Asker } from '../asker.ts';
import { type Change, fired, type Situation } from './change.ts';
import { agentOpened, limitRaised, quotaRaised, sourceCorrected } from './of-agent.ts';
import { lineShortened, placeGiven, timePasses } from './of-line.ts';
import { podChanges } from './of-pod.ts';
import { configCorrected, conflictGone, referencesFound } from './of-reference.ts';
import { refusalGone } from './of-refusal.ts';
import { earlierPodEnds, pendingTimeoutLonger, retryRaised } from './of-retry.ts';
import {
  contextsCorrected,
  managedByUs,
  priorityRaised,
  referenceRenamed,
  specCorrected,
  stopAsked,
  stopTakenBack,
  timeoutLonger,
  unsuspended,
} from './of-task.ts';

/** Single changes that could let a Task go on, not tried yet. None for one that has ended, that starts, for which a place is free, that is being deleted, or of whose Pod only the log is awaited. */
export async function possibleChanges(situation: Situation, asker: Asker): Promise<readonly Change[]> {
  const { judged, case: base } = situation;
  const { task, pods } = base.facts;
  if (task === null || task.metadata.deletionTimestamp !== undefined || judged.standing?.isFree === true) return [];
  if (fired(situation, 'task/log-awaited')) return [];
  switch (judged.course) {
    case 'Fails':
    case 'Ended':
    case 'Starts':
      return [];
    case 'Runs':
      return [
        ...stopTakenBack(situation, task),
        ...timeoutLonger(situation, task),
        ...pendingTimeoutLonger(situation, task),
        ...stopAsked(situation, task),
        ...podChanges(situation),
        ...timePasses(situation),
      ];
    case 'Ends':
      return pods.some((pod) => !hasEnded(pod)) || judged.phase === undefined
        ? []
        : [
            ...retryRaised(situation, task),
            ...(pods.length > 0 ? [] : [...stopTakenBack(situation, task), ...(await startChanges(situation, task, asker))]),
          ];
    case 'Waits':
      return startChanges(situation, task, asker);
  }
}

/** What may stand in the way of a start. */
async function startChanges(
  situation: Situation,
  task: NonNullable<Situation['case']['facts']['task']>,
  asker: Asker,
): Promise<readonly Change[]> {
  return [
    ...specCorrected(situation, task),
    ...unsuspended(situation, task),
    ...managedByUs(situation, task),
    ...(await referenceRenamed(situation, task)),
    ...(await priorityRaised(situation, task, asker)),
    ...referencesFound(situation),
    ...contextsCorrected(situation, task),
    ...sourceCorrected(situation),
    ...agentOpened(situation),
    ...(await limitRaised(situation, asker)),
    ...(await quotaRaised(situation, asker)),
    ...configCorrected(situation),
    ...refusalGone(situation),
    ...conflictGone(situation),
    ...earlierPodEnds(situation),
    ...lineShortened(situation),
    ...placeGiven(situation),
    ...timePasses(situation),
  ];
}
