import type { Why } from '../contract/why.ts';
import { moment, shortened } from './facts.ts';

/** Rules that ask a Pod to end. */
const ENDING_RULES = ['task/stop', 'task/timeout', 'task/being-deleted'];

/** The first thing to know, in one sentence: what stands in the way, or why it ended. */
export function answerOf(why: Omit<Why, 'answer'>): string {
  const said = sentenceOf(why);
  const { controller, course, isBlind } = why;
  const isMissed = controller?.state === 'Gone' && course !== 'Ended' && isBlind !== true && !isForeign(why);
  return isMissed ? `no controller seems to run (${controller.says}); ${said}` : said;
}

function sentenceOf(why: Omit<Why, 'answer'>): string {
  const { isBlind, course, message, says } = why;
  // How it ended stands in its status.
  if (isBlind === true && course !== 'Ended')
    return `what this stands on could not be read (below); the controller says: ${message ?? 'nothing'}`;
  switch (course) {
    case 'Ended':
      return endText(why) ?? (why.end?.phase === 'Completed' ? 'the agent ended with exit code 0' : says);
    case 'Starts':
      return `nothing stands in its way: the controller ${says}`;
    case 'Waits':
      return waitText(why);
    case 'Runs':
      return runText(why);
    default:
      return says;
  }
}

/** How it ended, and why it was not tried again where somebody might have thought so. */
function endText({ message, end }: Omit<Why, 'answer'>): string | undefined {
  const last = end?.reasons?.find(({ rule }) => rule === 'task/no-retry');
  return message === undefined || last === undefined ? message : `${message}; ${last.says}`;
}

/** Who waits for whom where it is being ended, else what keeps its Pod from running, else when it times out. */
function runText({ says, pod, waits, reasons, blocked }: Omit<Why, 'answer'>): string {
  const [wait] = waits.filter(({ who }) => !who.startsWith('Task '));
  if (wait !== undefined) {
    const asked = reasons.some(({ rule }) => ENDING_RULES.includes(rule)) ? `${says.split(':')[0]}; ` : '';
    const isGoing = pod?.deletionTimestamp !== undefined && wait.who.startsWith('pod ');
    return `${asked}${wait.who} ${isGoing ? 'is being deleted and waits' : 'waits'} for ${wait.waitsFor}`;
  }
  if (blocked !== undefined) {
    const ahead = reasons.find(({ rule }) => rule === 'task/pending-timeout-ahead');
    return `${shortened(blocked.message)}${ahead === undefined ? '' : `; it ${ahead.says}`}`;
  }
  const [trouble] = pod?.phase === 'Pending' ? pod.troubles : [];
  if (trouble !== undefined) return `${says}: ${shortened(trouble)}`;
  const timeout = reasons.find(({ rule }) => rule === 'task/timeout-ahead');
  return timeout === undefined ? says : `${says}, and ${timeout.says}`;
}

/** With why there is another attempt, how many are ahead, and when the quota frees. */
function waitText({ says, queue, waits, next, reasons }: Omit<Why, 'answer'>): string {
  if (next !== undefined && reasons.some(({ rule }) => rule === 'task/backoff')) return `${says}, because ${next.because}`;
  // Who waits for that is no answer.
  if (reasons.some(({ rule }) => rule === 'task/earlier-pod-lives')) return says;
  const [wait] = waits;
  if (wait !== undefined) return `${says}; it waits for ${wait.waitsFor}`;
  if (queue === undefined || queue.isClosed === true) return says;
  const { ahead = [], notBefore, isFree } = queue;
  if (isFree === true) return 'a place is free for it: the controller gives it when it looks';
  const line = ahead.length === 0 ? (queue.position === undefined ? '' : '; it is first in line') : `; ${ahead.length} ahead of it`;
  return `${says}${notBefore === undefined ? '' : ` until ${moment(notBefore)}`}${line}`;
}

function isForeign({ reasons }: Omit<Why, 'answer'>): boolean {
  return reasons.some(({ rule }) => rule === 'task/not-ours');
}
