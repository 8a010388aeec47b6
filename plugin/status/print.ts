import { stringify } from 'yaml';
import type { StatusFlags } from '../commands/status.ts';
import type { StatusReport, TaskState } from '../contract/status.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { columnsOf, countsText, headerText, rowText } from './table.ts';
import { treeText } from './tree.ts';

export interface PrintView {
  readonly names: readonly string[];
  readonly flags: StatusFlags;
  readonly io: Io;
}

export type Form = NonNullable<StatusFlags['output']>;

export function formOf({ names, flags }: PrintView): Form {
  return flags.output ?? (names.length > 0 ? 'tree' : 'table');
}

/** Prints reports one after the other: the first whole, of the next ones only what is different. */
export function createPrinter(view: PrintView): (report: StatusReport) => void {
  const form = formOf(view);
  const { flags, io } = view;
  const paint: Paint = flags.color && io.takesColor ? colored : plain;
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
    if (isFirst || hadMore || changed.length > 0) io.out(textOf(report, changed, { form, flags, paint, isFirst }));
    isFirst = false;
  };
}

interface TextOptions {
  readonly form: Form;
  readonly flags: StatusFlags;
  readonly paint: Paint;
  readonly isFirst: boolean;
}

function textOf(report: StatusReport, changed: readonly TaskState[], { form, flags, paint, isFirst }: TextOptions): string {
  switch (form) {
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'yaml':
      return `${isFirst ? '' : '---\n'}${stringify(report, { lineWidth: 0 })}`;
    case 'name':
      return changed.map(({ name }) => `task.kubeopencode.io/${name}\n`).join('');
    case 'tree':
      return changed.length === 0 ? '' : `${isFirst ? '' : '\n'}${treeText({ ...report, tasks: changed }, paint)}`;
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
