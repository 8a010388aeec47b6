import type { JournalEntry } from '#host/observe/journal.ts';
import type { Difference, Explained, Replay } from '../contract/replay.ts';
import { shortDigest } from '../explain/short-digest.ts';
import { trailText } from '../explain/trail.ts';
import type { Paint } from '../io.ts';
import { actionText } from '../plan/action-text.ts';
import { plannedAction } from '../plan/actions.ts';

/** The replay for people: who wrote, who decided again, the first difference, one line in sum. */
export function replayText(result: Replay, paint: Paint): string {
  const { firstDifference } = result;
  const parts = [header(result, paint), ...(firstDifference === undefined ? [] : [differenceText(firstDifference, result, paint)])];
  return `${parts.join('\n\n')}\n\n${verdict(result, paint)}\n`;
}

function header({ journal, files, core, writtenBy, beginsAt, redacted }: Replay, paint: Paint): string {
  const others = writtenBy.filter((writer) => writer.core !== core);
  const lines = [
    `Journal ${journal} (${count(files, 'file')}), replayed with core ${shortDigest(core)}`,
    ...others.map(
      (writer) => `${count(writer.decisions, 'decision')} written by another core, ${shortDigest(writer.core)}: differences may be meant`,
    ),
    ...(beginsAt === undefined ? [] : [`begins at seq ${beginsAt}: what was before was removed to keep the journal small`]),
    ...(redacted === 0 ? [] : [`${count(redacted, 'decision')} with secrets blotted out (***), here as there`]),
  ];
  return paint('dim', lines.join('\n'));
}

function differenceText(difference: Difference, { core }: Replay, paint: Paint): string {
  const { seq, task, at, file, line, redacted, diff } = difference;
  const why =
    redacted > 0
      ? [
          `${count(redacted, 'value')} of this entry ${redacted === 1 ? 'is' : 'are'} blotted out: what is computed from one may differ here`,
        ]
      : difference.core === core
        ? ['The same core wrote the journal: the line was changed since, or this engine is at fault.']
        : [];
  return [
    paint('bold', `First difference: seq ${seq}, Task ${task.namespace}/${task.name}, ${at}  (${file}:${line})`),
    ...why,
    ...diff.map((text) => diffLine(text, paint)),
  ].join('\n');
}

function diffLine(text: string, paint: Paint): string {
  if (text.startsWith('@@')) return paint('cyan', text);
  if (text.startsWith('-')) return paint('red', text);
  return text.startsWith('+') ? paint('green', text) : text;
}

function verdict({ decisions, different }: Replay, paint: Paint): string {
  return different === 0
    ? paint('green', `${count(decisions, 'decision')}, all the same`)
    : paint('red', `${different} of ${count(decisions, 'decision')} ${different === 1 ? 'differs' : 'differ'}; the first stands above`);
}

export function explainedText({ file, line, entry, isSame }: Explained, core: string, paint: Paint): string {
  const { seq, at, snapshot } = entry;
  const { namespace, name } = snapshot.subject;
  return [
    paint('bold', `seq ${seq}  Task ${namespace}/${name}  ${at}  (${file}:${line})`),
    ...saidText(entry, paint),
    paint('dim', `core ${shortDigest(entry.core)}; core ${shortDigest(core)} says ${isSame ? 'the same' : 'something else'}`),
    '',
  ].join('\n');
}

function saidText({ decision, fault }: JournalEntry, paint: Paint): readonly string[] {
  if (decision === undefined) return [paint('red', `the core failed (${fault?.cause ?? 'no cause'}): ${fault?.message ?? ''}`)];
  switch (decision.type) {
    case 'Reads':
      return [
        'asked to read before it decides:',
        ...decision.refs.map((ref) => `  ${ref.kind} ${ref.namespace}/${ref.name}${ref.live === true ? ' (live)' : ''}`),
      ];
    case 'Unusable':
      return [paint('red', `could not use the snapshot: ${decision.message}`)];
    case 'Decided':
      return [
        ...trailText(decision.reasons, paint),
        ...decision.actions.map((action) => `  ${actionText(plannedAction(action, '', undefined), paint)}`),
        ...(decision.queue === undefined ? [] : [`  queue ${JSON.stringify(decision.queue)}`]),
        ...(decision.wakeAt === undefined ? [] : [`  wakes at ${decision.wakeAt}`]),
      ];
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
