import type { WhyAhead, WhyHolder, WhyQueue } from '../../contract/why.ts';
import { agoText, moment, wholeSeconds } from '../facts.ts';
import { type Line, rows } from './lines.ts';

/** So many names of those ahead are told. */
const MOST_NAMES = 10;

export function queueRows(queue: WhyQueue, now: string): readonly Line[] {
  const { agent, position, waiting, slots, holders = [], before = [], isClosed, notBefore, isFree, quota } = queue;
  const places = slots === undefined ? '' : `, ${holders.length} of ${slots} ${slots === 1 ? 'place' : 'places'} taken`;
  const place = position === undefined ? 'place not known' : `${position} of ${waiting}`;
  const untilQuota =
    notBefore === undefined ? [] : [`no place before ${moment(notBefore)}, in ${wholeSeconds(Date.parse(notBefore) - Date.parse(now))}`];
  return [
    ...rows('queue', [
      `${place} at agent ${agent}${position === undefined ? '' : places}`,
      ...(isClosed === true ? ['the Agent gives no places now'] : []),
      ...untilQuota,
      ...(isFree === true
        ? ['a place is free for it: the controller gives it when it looks; if that takes long, see whether it runs']
        : []),
    ]),
    ...rows(
      'taken',
      cut(holders, (holder) => holderText(holder, now)),
    ),
    ...rows(
      'ahead',
      cut(before, (one) => aheadText(one, now)),
    ),
    ...rows('quota', quota === undefined ? [] : [`${quota.starts.length} of ${quota.max} starts in ${quota.windowSeconds} s`]),
    ...rows(
      '',
      cut(quota?.starts ?? [], ({ task, at, leavesAt }) => `${task} started ${agoText(at, now)}, counts until ${moment(leavesAt)}`),
    ),
  ];
}

function holderText({ name, phase, since, timesOutAt, isEnding }: WhyHolder, now: string): string {
  const held = since === undefined ? '' : ` for ${since.ago}`;
  const end =
    isEnding === true
      ? ', being ended'
      : timesOutAt === undefined
        ? ''
        : `, times out in ${wholeSeconds(Date.parse(timesOutAt) - Date.parse(now))}`;
  return `by ${name}, ${phase}${held}${end}`;
}

function aheadText({ name, priority, createdAt, by }: WhyAhead, now: string): string {
  const created = createdAt === undefined ? '' : `created ${agoText(createdAt, now)}`;
  return by === 'Priority' ? `${name}, of priority ${priority}` : `${name}, older${created === '' ? '' : ` (${created})`}`;
}

function cut<T>(all: readonly T[], text: (one: T) => string): readonly string[] {
  const more = all.length - MOST_NAMES;
  return [...all.slice(0, MOST_NAMES).map(text), ...(more > 0 ? [`and ${more} more`] : [])];
}
