import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import {
  addClusterFlags,
  addLeaseFlags,
  addNamespaceFlag,
  addSelectorFlags,
  type ClusterFlags,
  type LeaseFlags,
  type SelectorFlags,
} from '../flags.ts';
import type { Io } from '../io.ts';
import { addHeadersFlag, addOutputFlag, type DataForm } from '../output/flag.ts';

export interface ReleaseFlags extends ClusterFlags, LeaseFlags, SelectorFlags {
  readonly allNamespaces?: boolean;
  readonly dryRun?: boolean;
  readonly output: 'table' | 'name' | DataForm;
  readonly headers: boolean;
}

const EXAMPLES = `
Examples:
  # Before an uninstall: end the controller, then let go of every Pod that it holds
  kubectl -n kubeopencode-system scale deployment/kubeopencode-controller --replicas=0
  kubectl opencode release -A --dry-run
  kubectl opencode release -A

  # A namespace does not go away, and no controller runs
  kubectl opencode release -n team-a

  # The Pods of one Task
  kubectl opencode release fix-bug

The controller holds each Pod by the finalizer kubeopencode.io/pod-end until its end is recorded in its
Task. Without it a Pod that is deleted is gone at once: LOSES says what nobody can tell then. Kept logs
stay. Other finalizers stay. Nothing is deleted. Doing it twice does no harm.`;

export function defineRelease(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('release')
    .summary('let go of the Pods of Tasks: for uninstall, or where no controller runs')
    .description(
      'Takes the controller’s finalizer off the Pods of Tasks, so that they can be deleted without it. By default all of the namespace. Needs no controller.',
    )
    .argument('[task...]', 'names of Tasks, also of those that are gone');
  addNamespaceFlag(command).option('-A, --all-namespaces', 'Pods of all namespaces');
  addSelectorFlags(command, 'metadata.name, status.phase, spec.nodeName').option('--dry-run', 'only print what would be released');
  addHeadersFlag(addOutputFlag(command, { forms: ['table', 'name'], default: 'table' }));
  addLeaseFlags(addClusterFlags(command)).addHelpText('after', EXAMPLES);
  command.action(async (names: readonly string[], flags: ReleaseFlags) => {
    const { runReleaseCommand } = await import('../release/command.ts');
    done(await runReleaseCommand(names, flags, io));
  });
}
