import type { LintFlags } from '../commands/lint.ts';
import type { Finding, LintReport } from '../contract/lint.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Fault, formatFault, sortFaults } from '../input/fault.ts';
import { readManifests } from '../input/objects.ts';
import { readDocuments } from '../input/read-documents.ts';
import { colored, type Io, type Paint, plain } from '../io.ts';
import { isDataForm } from '../output/flag.ts';
import { rendered } from '../output/render.ts';
import { findBeyondSchemas } from './beyond-schemas.ts';
import { findInLife } from './life.ts';

const DEFAULT_NAMESPACE = 'default';

/** `kubectl opencode lint`: reads, checks, prints. */
export async function runLintCommand(flags: LintFlags, io: Io): Promise<ExitCode> {
  if ((flags.filename ?? []).length === 0) throw new Error('lint: expected files to check; name them with -f FILE, -f FOLDER or -f -');
  const { files, objects: documents, faults: syntax } = await readDocuments(flags, io);
  const namespace = flags.namespace ?? DEFAULT_NAMESPACE;
  const manifests = readManifests(documents, namespace, flags.namespace !== undefined);
  const beyond = findBeyondSchemas(documents, namespace);
  const faults = sortFaults([...syntax, ...manifests.faults, ...beyond.faults]);
  const notes = sortFaults([...beyond.notes, ...findInLife(documents)]);
  const report: LintReport = {
    formatVersion: 1,
    files,
    checked: documents.length - manifests.leftOut.length,
    faults: faults.map(findingOf),
    notes: notes.map(findingOf),
    leftOut: manifests.leftOut.filter((title) => !beyond.unknownKinds.includes(title)),
  };
  io.out(
    isDataForm(flags.output)
      ? await rendered(report, flags.output)
      : lintText(report, faults, notes, flags.color && io.takesColor ? colored : plain),
  );
  return faults.length > 0 ? EXIT.error : EXIT.ok;
}

function findingOf({ source, line, column, message }: Fault): Finding {
  return { source, line, column, message };
}

function lintText(report: LintReport, faults: readonly Fault[], notes: readonly Fault[], paint: Paint): string {
  return [
    ...faults.map((fault) => `${formatFault(fault, paint)}\n`),
    ...notes.map((note) => `${formatFault({ ...note, message: `${paint('yellow', 'note:')} ${note.message}` }, paint)}\n`),
    `${summary(report)}\n`,
  ].join('');
}

function summary({ files, checked, faults, notes, leftOut }: LintReport): string {
  const found = faults.length === 0 ? 'no faults' : count(faults.length, 'fault');
  const noted = notes.length === 0 ? '' : `, ${count(notes.length, 'note')}`;
  const rest = leftOut.length === 0 ? '' : `; not checked: ${leftOut.join(', ')}`;
  return `${count(checked, 'object')} in ${count(files, 'file')}: ${found}${noted}${rest}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
