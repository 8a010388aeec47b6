import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { addCoreFlag, addOutputFlag } from '../flags.ts';
import type { Io } from '../io.ts';

interface VersionFlags {
  readonly core?: string;
  readonly output: 'text' | 'json' | 'yaml';
}

export function defineVersion(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program
    .command('version')
    .summary('versions of the plugin and its core')
    .description('Prints the version of this plugin, and digest and contract of the core that it decides with.');
  addOutputFlag(addCoreFlag(command), ['text', 'json', 'yaml']);
  command.action(async (flags: VersionFlags) => {
    const { versions } = await import('../versions.ts');
    const known = versions(flags.core);
    switch (flags.output) {
      case 'json':
        io.out(`${JSON.stringify(known, null, 2)}\n`);
        break;
      case 'yaml':
        io.out((await import('yaml')).stringify(known));
        break;
      case 'text':
        io.out(`Plugin: ${known.plugin}\nCore: ${known.core.digest}\nContract: ${known.core.contract}\nNode: ${known.node}\n`);
        break;
    }
    done(EXIT.ok);
  });
}
