import { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { clusterOptions } from '../flags.ts';
import { HELP_WIDTH, type Io } from '../io.ts';

/** As `kubectl options`: the flags of every command that talks to a cluster. */
export function defineOptions(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program
    .command('options')
    .summary('flags of every command that talks to a cluster')
    .description(
      'Prints the flags that choose a cluster and who asks it. They mean what they mean for kubectl, and stand behind the command.',
    )
    .action(() => {
      const list = new Command();
      for (const option of clusterOptions()) list.addOption(option);
      const help = list.createHelp();
      help.prepareContext({ helpWidth: io.columns ?? HELP_WIDTH });
      const width = help.longestOptionTermLength(list, help);
      const lines = clusterOptions().map((option) => help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help));
      io.out(`These flags can stand behind every command that talks to a cluster:\n\n${lines.join('\n')}\n`);
      done(EXIT.ok);
    });
}
