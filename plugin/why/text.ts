import { shortDigest } from '../explain/short-digest.ts';
import { trailText } from '../explain/trail.ts';
import type { Paint, Style } from '../io.ts';
import { actionText } from '../plan/text.ts';
import type { Why, WhyChange, WhyQueue } from './model.ts';

const STYLES: Readonly<Record<Why['course'], Style>> = {
  Waits: 'yellow',
  Starts: 'green',
  Runs: 'green',
  Ends: 'green',
  Ended: 'dim',
  Fails: 'red',
};
/** So many names of those ahead are told. */
const MOST_NAMES = 10;

/** The explanation for people: where it is and why, since when, until when, who is ahead, what would help. */
export function whyText(why: Why, paint: Paint): string {
  const parts = [
    head(why, paint),
    section('rules', trailText(why.reasons, paint)),
    doing(why, paint),
    helping(why, paint),
    lacking(why, paint),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function head(why: Why, paint: Paint): string {
  const cause = why.cause === undefined ? '' : ` (${why.cause})`;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['why', [headline(why)]],
    ['refused', why.refusal === undefined ? [] : [`by the API server at the last try, as condition ${why.refusal.condition} tells it`]],
    ['since', why.since === undefined ? [] : [`${why.since.at}, ${why.since.ago} ago  ${paint('dim', `(${why.since.by})`)}`]],
    ['until', untilText(why)],
    ['queue', why.queue === undefined ? [] : queueText(why.queue)],
    ['pod', podText(why)],
  ];
  const lines = rows.flatMap(([title, texts]) => texts.map((text, index) => `  ${(index === 0 ? title : '').padEnd(7)}  ${text}`));
  const title = `Task ${why.namespace}/${why.name}`;
  return [
    `${paint('bold', title)}  ${paint(STYLES[why.course], `${why.phase}${cause}`)}`,
    ...lines,
    paint('dim', `  core     ${shortDigest(why.core)}, at ${why.at}`),
  ].join('\n');
}

function headline({ isBlind, course, message, says }: Why): string {
  if (isBlind === true) return `what this stands on could not be read (below); the controller says: ${message ?? 'nothing'}`;
  return course === 'Ended' && message !== undefined ? message : says;
}

function untilText({ until, course, says, isBlind }: Why): readonly string[] {
  if (isBlind === true) return [];
  if (until === undefined)
    return course === 'Waits' ? ['something changes (no time is set)'] : course === 'Runs' ? ['its Pod ends (no time is set)'] : [];
  const sooner = course === 'Ended' ? '' : ', if nothing happens before';
  return [
    `${until.at}, in ${until.in}${until.isLatest === true ? ' at the latest' : sooner}; then: ${until.leadsTo === says ? 'it is looked at again' : until.leadsTo}`,
  ];
}

function queueText({ position, waiting, slots, holding = [], ahead = [], isClosed, notBefore, isFree }: WhyQueue): readonly string[] {
  const places = slots === undefined ? '' : `, ${holding.length} of ${slots} places taken`;
  return [
    position === undefined ? 'place not known' : `${position} of ${waiting}${places}`,
    ...(isClosed === true ? ['the Agent gives no places now'] : []),
    ...(notBefore === undefined ? [] : [`no place before ${notBefore}`]),
    ...(holding.length === 0 ? [] : [`taken by ${names(holding)}`]),
    ...(ahead.length === 0 ? [] : [`ahead    ${names(ahead)}`]),
    ...(isFree === true
      ? ['a place is free and nobody is ahead: the controller gives it when it looks; if that takes long, see whether it runs']
      : []),
  ];
}

function podText({ pod }: Why): readonly string[] {
  if (pod === undefined) return [];
  const where = pod.node === undefined ? ', on no node' : ` on node ${pod.node}`;
  const deleting = pod.deletionTimestamp === undefined ? '' : `, to be deleted by ${pod.deletionTimestamp}`;
  return [`${pod.name} ${pod.phase}${where}${deleting}`, ...pod.troubles];
}

function doing({ actions, course }: Why, paint: Paint): string {
  if (actions.length === 0) return '';
  const lines = actions.map((action) => actionText({ ...action, reason: '' }, paint));
  const hint = course === 'Starts' || course === 'Ends' ? ['if this does not happen, see whether the controller runs, and its log'] : [];
  return section('the controller has to do', [...lines, ...hint.map((text) => paint('dim', text))]);
}

function helping({ changes, course, isBlind }: Why, paint: Paint): string {
  if (isBlind === true || course === 'Ended' || course === 'Ends' || course === 'Starts') return '';
  const enough = changes.filter(({ goesOn }) => goesOn);
  const others = changes.filter(({ goesOn }) => !goesOn);
  if (enough.length === 0 && others.length === 0) return section('what would let it go on', ['no single change that is known here']);
  return [
    enough.length === 0
      ? section('what would let it go on', ['no single change; see below what comes after each'])
      : section(
          'what would let it go on',
          enough.map((change) => changeText(change, '>', paint)),
        ),
    others.length === 0
      ? ''
      : section(
          'what would change, and not be enough',
          others.map((change) => changeText(change, '·', paint)),
        ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function changeText({ change, standIn, leadsTo, goesOn }: WhyChange, mark: string, paint: Paint): string {
  const tried = standIn === undefined ? '' : paint('dim', `  (tried: ${standIn})`);
  return `${paint(goesOn ? 'green' : 'yellow', mark)} ${change}${tried}\n    then: ${leadsTo}`;
}

function lacking({ lacks }: Why, paint: Paint): string {
  if (lacks.length === 0) return '';
  return section(
    'not read, so the above may be wrong',
    lacks.map(({ what, message }) => `${paint('red', '!')} ${what}: ${message}`),
  );
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.flatMap((line) => line.split('\n')).map((line) => `  ${line}`)].join('\n');
}

function names(all: readonly string[]): string {
  const more = all.length - MOST_NAMES;
  return `${all.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
