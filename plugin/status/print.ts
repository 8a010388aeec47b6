import type { Reached } from '../cluster/failure.ts';
import type { StatusFlags } from '../commands/status.ts';
import type { StatusReport, TaskState } from '../contract/status.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { type DataForm, isDataForm } from '../output/flag.ts';
import { renderer } from '../output/render.ts';
import { columnsOf, countsText, headerText, rowText } from './table.ts';
import { treeText } from './tree.ts';

export interface PrintView {
  readonly names: readonly string[];
  readonly flags: StatusFlags;
  readonly io: Io;
  readonly cluster: Required<Reached>;
}

export type Form = NonNullable<StatusFlags['output']>;

export function formOf({ names, flags }: PrintView): Form {
  return flags.output ?? (names.length > 0 ? 'tree' : 'table');
}

/** What is printed of a report, of which the `changed` Tasks are new or different. */
type Write = (report: StatusReport, changed: readonly TaskState[], isFirst: boolean) => string;

/** Prints reports one after the other: the first whole, of the next ones only what is different. */
export async function createPrinter(view: PrintView): Promise<(report: StatusReport) => void> {
  const { io } = view;
  const write = await writerOf(view);
  const known = new Map<string, string>();
  let isFirst = true;
  const takeChanged = ({ tasks }: StatusReport): readonly TaskState[] => {
    const changed = tasks.filter((task) => known.get(keyOf(task)) !== JSON.stringify(task));
    known.clear();
    for (const task of tasks) known.set(keyOf(task), JSON.stringify(task));
    return changed;
  };
  return (report) => {
    const [hadMore, changed] = [known.size > report.tasks.length, takeChanged(report)];
    if (isFirst || hadMore || changed.length > 0) io.out(write(report, changed, isFirst));
    isFirst = false;
  };
}

async function writerOf(view: PrintView): Promise<Write> {
  const form = formOf(view);
  if (isDataForm(form)) {
    const render = await renderer(form);
    return (report, _changed, isFirst) => render(report, { isFurther: !isFirst });
  }
  const { flags, io, cluster } = view;
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
  // Who names a form, or reads on in a pipe, wants that and nothing else.
  const hasHints = io.isTerminal && flags.output === undefined;
  return (report, changed, isFirst) =>
    textOf(report, changed, { form, flags, paint, isFirst, columns: io.columns, access: cluster.access, hasHints });
}

interface TextOptions {
  readonly form: Exclude<Form, DataForm>;
  readonly flags: StatusFlags;
  readonly paint: Paint;
  readonly isFirst: boolean;
  /** Of the terminal, as it is now. */
  readonly columns: number | undefined;
  readonly access: readonly string[];
  readonly hasHints: boolean;
}

function textOf(
  report: StatusReport,
  changed: readonly TaskState[],
  { form, flags, paint, isFirst, columns, access, hasHints }: TextOptions,
): string {
  switch (form) {
    case 'name':
      return changed.map(({ name }) => `task.kubeopencode.io/${name}\n`).join('');
    case 'tree':
      return changed.length === 0
        ? ''
        : `${isFirst ? '' : '\n'}${treeText({ ...report, tasks: changed }, { paint, columns, access, hasHints })}`;
    case 'table':
    case 'wide': {
      const columns = columnsOf(report, { isWide: form === 'wide', hasNamespaces: flags.allNamespaces === true, paint });
      const rows = changed.map((task) => rowText(task, columns, paint));
      const isWhole = isFirst && flags.headers;
      const counts = isWhole && flags.watch !== true ? ['', countsText(report)] : [];
      return [...(isWhole ? [headerText(columns)] : []), ...rows, ...counts].map((line) => `${line}\n`).join('');
    }
  }
}

function keyOf({ namespace, name }: TaskState): string {
  return `${namespace}/${name}`;
}
