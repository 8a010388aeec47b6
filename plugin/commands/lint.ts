import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addColorFlag, addFileFlags, addNamespaceFlag, type FileFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface LintFlags extends FileFlags {
  readonly namespace?: string;
  readonly output: 'text' | DataForm;
  readonly color: boolean;
}

const EXAMPLES = `
Examples:
  # Check every manifest of a folder; no cluster is asked
  kubectl opencode lint -f manifests/ -R

  # What an editor or a pipeline reads: file, line, column and message of each fault
  kubectl opencode lint -f task.yaml -o json

Faults end with exit code 1. Notes (a reference that no file has, a setting that does nothing) do not.`;

export function defineLint(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('lint')
    .summary('what is wrong in manifests, every fault with its line')
    .description(
      'Checks manifests by the schemas that the CRDs are made from: every fault of every file at once, each with its line and column.\nNo cluster is asked.',
    );
  addNamespaceFlag(addFileFlags(command));
  addColorFlag(addOutputFlag(command, { forms: ['text'], default: 'text' }));
  command.addHelpText('after', EXAMPLES);
  command.action(async (flags: LintFlags) => {
    const { runLintCommand } = await import('../lint/command.ts');
    done(await runLintCommand(flags, io));
  });
}
