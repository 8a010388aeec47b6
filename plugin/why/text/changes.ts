import type { Why } from '../../contract/why.ts';
import type { WhyChange } from '../../contract/why-changes.ts';
import type { Paint } from '../../io.ts';
import { indented, type Line } from './lines.ts';

/** So many of each are told; `-o json` has them all. */
const MOST_TOLD = 3;

/** What is enough, nearest first. */
export function helping(why: Why, paint: Paint): readonly Line[] {
  if (hasNoChanges(why)) return [];
  const enough = why.changes.filter(({ goesOn }) => goesOn);
  const title = { text: isRunningWell(why) ? 'what would let it run on, or end it well' : 'what would let it go on' };
  if (enough.length === 0) {
    const none = why.changes.length === 0 ? 'no single change that is known here' : 'no single change; below is what comes after each';
    return [title, ...indented([{ text: none }])];
  }
  return [title, ...told(enough, '>', paint)];
}

/** What makes a difference and is not enough alone. */
export function notEnough(why: Why, paint: Paint): readonly Line[] {
  const others = hasNoChanges(why) ? [] : why.changes.filter(({ goesOn }) => !goesOn);
  return others.length === 0
    ? []
    : [{ text: isRunningWell(why) ? 'what would end it sooner' : 'what would change, and not be enough' }, ...told(others, '·', paint)];
}

/** What is likely to help the next attempt, and was not tried. */
export function advised({ advice = [] }: Why, paint: Paint): readonly Line[] {
  if (advice.length === 0) return [];
  const lines = advice.flatMap(({ advice: text, command, leadsTo }): readonly Line[] => [
    { text: `${paint('yellow', '~')} ${text}`, hang: 2 },
    { text: `  ${paint('cyan', '$')} ${command}`, isWhole: true },
    { text: `  then: ${leadsTo}`, hang: 8 },
  ]);
  return [{ text: 'what is likely to help the next attempt; whether it is enough, only that one shows' }, ...indented(lines)];
}

/** A Task that has ended stays as it is, unless somebody asks for one more attempt: what that would come to. */
export function runAgain({ again, end }: Why, paint: Paint): readonly Line[] {
  if (again === undefined) return [];
  const byItself = end?.retriedWith;
  const enough = again.changes.filter(({ goesOn }) => goesOn);
  return [
    { text: `to run it again, as attempt ${again.attempt}` },
    ...indented([
      { text: `${paint('cyan', '$')} ${again.command}`, isWhole: true },
      { text: `then: ${again.leadsTo}`, hang: 6 },
    ]),
    ...(enough.length === 0 ? [] : [{ text: '  and before' }, ...told(enough, '>', paint)]),
    ...(byItself === undefined ? [] : indented([{ text: `it would have been tried again by itself where ${byItself.change}`, hang: 2 }])),
  ];
}

function isRunningWell({ course, pod, waits, actions }: Why): boolean {
  return course === 'Runs' && pod?.phase === 'Running' && waits.length === 0 && actions.every(({ kind }) => kind !== 'Pod');
}

/** Where nothing is in the way, or it is all over, or cannot be seen. */
function hasNoChanges({ isBlind, course, waits, changes, queue }: Why): boolean {
  if (isBlind === true || queue?.isFree === true) return true;
  return (
    course === 'Ended' || course === 'Starts' || course === 'Fails' || (changes.length === 0 && (course === 'Ends' || waits.length > 0))
  );
}

function told(changes: readonly WhyChange[], mark: '>' | '·', paint: Paint): readonly Line[] {
  const shown = changes.slice(0, MOST_TOLD);
  const more = changes.length - shown.length;
  return [
    ...indented(shown.flatMap((change) => changeLines(change, mark, paint))),
    ...(more > 0 ? [{ text: paint('dim', `  and ${more} more (-o json)`) }] : []),
  ];
}

function changeLines({ change, standIn, leadsTo, goesOn, command, look }: WhyChange, mark: string, paint: Paint): readonly Line[] {
  // A command says what was put in its place.
  const tried = standIn === undefined || command !== undefined ? '' : paint('dim', `  (tried: ${standIn})`);
  const shell = command ?? look;
  return [
    { text: `${paint(goesOn ? 'green' : 'yellow', mark)} ${change}${tried}`, hang: 2 },
    ...(shell === undefined ? [] : [{ text: `  ${paint('cyan', command === undefined ? '?' : '$')} ${shell}`, isWhole: true as const }]),
    { text: `  then: ${leadsTo}`, hang: 8 },
  ];
}
