import type { Attempt } from '#core/api/task.ts';
import type { Why, WhyBlocked, WhyKept, WhyQueue } from '../../contract/why.ts';
import type { Paint } from '../../io.ts';
import type { Kubectl } from '../../kubectl.ts';
import { budgetsText } from '../../retries.ts';
import { agoText, moment, shortened, wholeSeconds } from '../facts.ts';
import { indented, type Line, row, rows } from './lines.ts';
import { queueRows } from './queue.ts';

/** A result longer than that is cut. */
const MOST_RESULT = 160;

/** What is known, one label a concern. */
export function factRows(why: Why, kubectl: Kubectl, paint: Paint): readonly Line[] {
  const { since, refusal, queue, waits, end, kept, blocked, retries, attempts = [] } = why;
  const all = [
    ...rows('since', since === undefined ? [] : [`${agoText(since.at, why.at)}, ${moment(since.at)} (${since.by})`]),
    ...rows('until', untilTexts(why)),
    ...rows('blocked', blocked === undefined ? [] : [blockedText(blocked, why.at)]),
    ...rows('retries', retries === undefined ? [] : [`${budgetsText(retries)} spent`]),
    ...rows('refused', refusal === undefined ? [] : [`by the API server at the last try, as condition ${refusal.condition} tells it`]),
    ...(queue === undefined ? [] : queueRows(queue, why.at)),
    ...rows('pod', podTexts(why)),
    ...rows(
      'waits',
      waits.map(({ who, waitsFor }) => `${who} for ${waitsFor}`),
    ),
    ...attemptRows(
      end?.attempts ?? attempts,
      (number) => `${paint('cyan', '?')} ${kubectl.opencode('logs', why.name, '--attempt', String(number))}`,
    ),
    ...rows('result', end?.result === undefined ? [] : [cut(JSON.stringify(end.result))]),
    ...rows('kept', kept === undefined ? [] : keptTexts(kept, why.at)),
    ...rows('controller', controllerTexts(why, paint)),
  ];
  return all.length === 0 ? [] : indented(all);
}

function untilTexts({ until, coming, course, isBlind, queue, waits, reasons, at }: Why): readonly string[] {
  if (isBlind === true || course === 'Ended') return [];
  const told = coming.map(({ at, in: left, leadsTo }) => `in ${left}, ${moment(at)}: ${shortened(leadsTo)}`);
  if (until !== undefined && until.at !== coming[0]?.at) {
    const latest = until.isLatest === true ? ' at the latest' : '';
    const again = until.leadsTo.startsWith('tries again') ? until.leadsTo : 'it is looked at again';
    told.unshift(`in ${until.in}${latest}, ${moment(until.at)}: ${again}`);
  }
  if (told.length > 0)
    return told.map((text, index) =>
      index === 0 && until?.isLatest === true && until.at === coming[0]?.at ? text.replace(',', ' at the latest,') : text,
    );
  if (waits.length > 0) return [];
  if (course === 'Runs') return ['its Pod ends (no time is set)'];
  if (reasons.some(({ rule }) => rule === 'task/not-ours')) return ['its own controller does something; this one never will'];
  if (course !== 'Waits') return [];
  if (queue === undefined || queue.isClosed === true) return ['something changes (no time is set)'];
  return [placeText(queue, at)];
}

/** The first in line gets the place of whoever ends first. */
function placeText({ position, holders = [] }: WhyQueue, now: string): string {
  const [next] = [...holders]
    .flatMap(({ name, timesOutAt }) => (timesOutAt === undefined ? [] : [{ name, timesOutAt }]))
    .sort((a, b) => Date.parse(a.timesOutAt) - Date.parse(b.timesOutAt));
  if (next === undefined || position !== 1) return 'a place falls to it (no time is set)';
  return `a place falls to it, when ${next.name} times out at the latest (in ${wholeSeconds(Date.parse(next.timesOutAt) - Date.parse(now))})`;
}

function podTexts({ pod }: Why): readonly string[] {
  if (pod === undefined) return [];
  const where = pod.node === undefined ? ', on no node' : ` on node ${pod.node}`;
  const deleting = pod.deletionTimestamp === undefined ? '' : `, to be deleted by ${moment(pod.deletionTimestamp)}`;
  return [`${pod.name} ${pod.phase}${where}${deleting}`, ...pod.troubles, ...pod.ended];
}

/** `ImagePull for 10s, given up in 1m50s`: the Pod's own words stand with the Pod. */
function blockedText({ reason, since, givenUpAt }: WhyBlocked, now: string): string {
  const end = givenUpAt === undefined ? '' : `, given up in ${wholeSeconds(Date.parse(givenUpAt) - Date.parse(now))}`;
  return `${reason} for ${wholeSeconds(Date.parse(now) - Date.parse(since))}${end}`;
}

/** Each with its log where one was kept, and the command that reads it. */
function attemptRows(attempts: readonly Attempt[], readsLog: (number: number) => string): readonly Line[] {
  const lines = attempts.flatMap(({ log, ...attempt }): readonly Line[] => [
    { text: attemptText(attempt) },
    ...(log === undefined ? [] : [{ text: `   its log: ${logText(log)}` }]),
    ...(log?.configMapName === undefined ? [] : [{ text: `   ${readsLog(attempt.number)}`, isWhole: true as const }]),
  ]);
  return lines.map(({ text, ...rest }, index) => ({ ...row(index === 0 ? 'attempts' : '', text), ...rest }));
}

function attemptText({ number, cause, container, exitCode, signal, node, times, message }: Omit<Attempt, 'log'>): string {
  const ranMs = Date.parse(times?.finished ?? '') - Date.parse(times?.running ?? '');
  const told = [
    cause ?? 'succeeded',
    ...(container === undefined ? [] : [`container ${container}`]),
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(signal === undefined ? [] : [`signal ${signal}`]),
    ...(node === undefined ? [] : [`on ${node}`]),
    ...(Number.isNaN(ranMs) ? [] : [`ran ${wholeSeconds(ranMs)}`]),
    ...(container !== undefined || message === undefined ? [] : [message]),
  ];
  return `${number}: ${told.join(', ')}`;
}

function logText({ missing, configMapName, bytes, truncated }: NonNullable<Attempt['log']>): string {
  if (missing !== undefined) return `not kept, because ${missing}`;
  if (configMapName === undefined) return 'it had written nothing';
  return `${truncated === true ? 'the last ' : ''}${bytes === undefined ? '' : `${bytes} bytes `}kept in ConfigMap ${configMapName}`;
}

function keptTexts({ deletedAt, rank, limit, deletedAfter, ofOutcome }: WhyKept, now: string): readonly string[] {
  const told = [
    ...(deletedAt === undefined
      ? []
      : [`until ${moment(deletedAt)}, for ${wholeSeconds(Date.parse(deletedAt) - Date.parse(now))} more (its time after the end)`]),
    ...(deletedAfter === undefined
      ? []
      : [
          `until ${deletedAfter} more of this namespace have ended${ofOutcome === undefined ? '' : ` as ${ofOutcome}`} (${rank} after it, ${limit} are kept)`,
        ]),
  ];
  return told.length === 0 ? ['until somebody deletes it'] : told;
}

/** Said where it stands in the way, or answers a question: nobody is told each time that a controller runs. */
function controllerTexts({ controller, course, actions, waits }: Why, paint: Paint): readonly string[] {
  if (controller === undefined || course === 'Ended') return [];
  const isWanted = actions.length > 0 || waits.some(({ waitsFor }) => waitsFor.startsWith('the controller'));
  switch (controller.state) {
    case 'Gone':
      return [paint('red', controller.says)];
    case 'Leads':
      return isWanted ? [controller.says] : [];
    case 'Unknown':
      return isWanted ? [`can’t tell whether one runs: ${controller.says}`] : [];
  }
}

function cut(text: string): string {
  return text.length > MOST_RESULT ? `${text.slice(0, MOST_RESULT)}…` : text;
}
