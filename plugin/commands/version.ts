import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { addCoreFlag } from '../flags.ts';
import type { Io } from '../io.ts';
import { addOutputFlag, type DataForm, isDataForm } from '../output/flag.ts';

interface VersionFlags {
  readonly core?: string;
  readonly output: 'text' | DataForm;
}

export function defineVersion(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('version')
    .summary('versions of the plugin and its core')
    .description('Prints the version of this plugin, and digest and contract of the core that it decides with.');
  addOutputFlag(addCoreFlag(command), { forms: ['text'], default: 'text' });
  command.action(async (flags: VersionFlags) => {
    const { versions } = await import('../versions.ts');
    const known = versions(flags.core);
    if (isDataForm(flags.output)) io.out(await (await import('../output/render.ts')).rendered(known, flags.output));
    else io.out(`Plugin: ${known.plugin}\nCore: ${known.core.digest}\nContract: ${known.core.contract}\nNode: ${known.node}\n`);
    done(EXIT.ok);
  });
}
