import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';

/** What `kubectl_complete-opencode` calls, and the scripts of `completion`; kubectl's own completion calls that. */
export function defineComplete(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const { complete, completionText } = await import('../completion/complete.ts');
      io.out(completionText(await complete(program, words, io)));
      done(EXIT.ok);
    });
}
