import type { Plan, PlannedApply, PlannedTask } from '../contract/plan.ts';
import { changeLines } from './changes-text.ts';
import { counted, hang, number, wrapped } from './lay-out.ts';
import type { PlanTextOptions } from './text.ts';

type FrameOptions = Pick<PlanTextOptions, 'paint' | 'width' | 'applyWith'>;

/** What the plan stands on: where from, from when, how Pods end, which core. */
export function header({ source, core, assume, startsAt }: Plan, { paint, width }: FrameOptions): string {
  const where = {
    files: 'Files only: the cluster was not asked (--live adds what it holds).',
    'files and cluster': `Files, on top of what the cluster holds, from ${startsAt}.`,
    cluster: `What the cluster holds, from ${startsAt}.`,
  }[source];
  const how =
    assume === 'as labelled'
      ? 'Pods are assumed to succeed, unless their sim.kubeopencode.io labels say otherwise.'
      : `Every Pod is assumed to end: ${assume}.`;
  const lines = [...wrapped(`${where} ${how}`, width), `core ${core.slice(0, 19)}`];
  return lines.map((line) => paint('dim', line)).join('\n');
}

/** What applying the files does to what is live; nothing without a cluster. */
export function appliesText({ applies = [] }: Plan, options: FrameOptions): string {
  if (applies.length === 0) return '';
  return [options.paint('bold', 'Applying the files'), ...applies.flatMap((apply) => applyLines(apply, options))].join('\n');
}

function applyLines({ verb, kind, namespace, name, changes = [] }: PlannedApply, { paint, width }: FrameOptions): readonly string[] {
  const title = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
  switch (verb) {
    case 'create':
      return [`  ${paint('green', '+')} ${title}`];
    case 'none':
      return [`  ${paint('dim', `= ${title}  as it is`)}`];
    case 'patch':
      return [
        `  ${paint('yellow', '~')} ${title}`,
        ...changeLines(changes, { indent: '    ', paint, ...(width === undefined ? {} : { width }) }),
      ];
  }
}

/** What could not be read, and what that means for the plan. */
export function lackedText({ lacked }: Plan, { paint, width }: FrameOptions): string {
  if (lacked.length === 0) return '';
  const lines = lacked.flatMap(({ message, means }) => {
    const [first = '', ...rest] = hang('  ! ', means, width);
    return [first.replace('!', paint('red', '!')), ...rest, ...hang('    ', message, width).map((line) => paint('dim', line))];
  });
  return [paint('bold', 'What the plan lacks'), ...lines].join('\n');
}

/** One line in sum, and that nothing was sent. */
export function footer({ tasks, source }: Plan, sum: string, { applyWith, width }: FrameOptions): string {
  const sent =
    source === 'files' && applyWith !== undefined
      ? `Nothing was sent to a cluster. Apply with: ${applyWith}`
      : 'Nothing was sent to the cluster.';
  return [...wrapped(`Plan: ${sum}; ${verbCounts(tasks)}.`, width), sent].join('\n');
}

function verbCounts(tasks: readonly PlannedTask[]): string {
  const counts = { create: 0, patch: 0, delete: 0, event: 0, effect: 0, record: 0 };
  for (const { steps } of tasks) for (const { actions } of steps) for (const { verb } of actions) counts[verb] += 1;
  const { create, patch, delete: deletions, event } = counts;
  return `${number(create)} to create, ${number(patch)} to change, ${number(deletions)} to delete, ${counted(event, 'Event')}`;
}
