import type { Command } from 'commander';
import type { ExitCode } from '../exit-codes.ts';
import { addClusterFlags, addCoreFlag, type ClusterFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm } from '../output/flag.ts';

export interface VersionFlags extends ClusterFlags {
  readonly core?: string;
  readonly client?: boolean;
  readonly output: 'text' | DataForm;
}

const EXAMPLES = `
Examples:
  # Plugin, core and API server
  kubectl opencode version

  # Without asking any cluster
  kubectl opencode version --client -o json`;

export function defineVersion(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('version')
    .summary('versions of the plugin, its core and the API server')
    .description(
      'Prints the version of this plugin, digest and contract of the core that it decides with, and the version of the API server.',
    )
    .option('--client', 'only what is here: no cluster is asked');
  addOutputFlag(addClusterFlags(addCoreFlag(command)), { forms: ['text'], default: 'text' });
  command.addHelpText('after', EXAMPLES);
  command.action(async (flags: VersionFlags) => {
    const { runVersion } = await import('../version/command.ts');
    done(await runVersion(flags, io));
  });
}
