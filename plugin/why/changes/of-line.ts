import { moment } from '../facts.ts';
import type { InLine } from '../line.ts';
import { type Change, type Situation, withFacts } from './change.ts';

/** So many of each are tried. */
const MOST_TRIED = 20;

/** Each who holds a place, and each who is ahead, gone. */
export function lineShortened(situation: Situation): readonly Change[] {
  const { holding = [], ahead = [] } = situation.judged.standing ?? {};
  const gone = ({ name }: InLine, change: string, command: string): Change => ({
    kind: 'Line',
    reach: 'Others',
    change,
    command,
    case: situation.case,
    gone: new Set([name]),
  });
  const { kubectl } = situation;
  return [
    ...holding
      .slice(0, MOST_TRIED)
      .map((one) => gone(one, `Task ${one.name}, which holds a place, ends`, kubectl.opencode('stop', one.name))),
    ...ahead
      .slice(0, MOST_TRIED)
      .map((one) => gone(one, `Task ${one.name}, which is ahead, is held`, kubectl.patch('Task', one.name, { spec: { suspend: true } }))),
  ];
}

/** A place, where who is in the line can’t be seen. */
export function placeGiven(situation: Situation): readonly Change[] {
  const { standing } = situation.judged;
  if (standing === undefined || standing.holding !== undefined) return [];
  return [{ kind: 'Place', reach: 'Others', change: 'a place of the Agent falls to it', case: withFacts(situation, { granted: true }) }];
}

/** Nothing but time. The same try again is no other input. */
export function timePasses(situation: Situation): readonly Change[] {
  const { until, refusal } = situation;
  if (until === undefined || refusal !== undefined) return [];
  return [{ kind: 'Time', reach: 'Nobody', change: `time passes, until ${moment(until)}`, case: withFacts(situation, { now: until }) }];
}
