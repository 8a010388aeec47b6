import { Argument, type Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';

/** Names of `plugin/contract/outputs.ts`, which is loaded only when the command runs; the types keep them equal. */
const OUTPUTS = ['plan', 'why', 'status', 'replay', 'replay-explain', 'stop', 'retry', 'simulate', 'lint', 'release', 'version'] as const;

const EXAMPLES = `
Examples:
  # What a script may rely on in the output of plan -o json
  kubectl opencode schema plan > plan.v1.json

  # All of them
  kubectl opencode schema`;

export function defineSchema(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program
    .command('schema')
    .summary('JSON Schema of what -o json prints')
    .description(
      'Prints the JSON Schema (draft 2020-12) of what a command prints with -o json. Its number is the formatVersion there: within it fields are added, never changed or removed.\nWithout a name: what there is.',
    )
    .addArgument(new Argument('[output]', 'whose output').choices([...OUTPUTS]))
    .addHelpText('after', EXAMPLES)
    .action(async (output: (typeof OUTPUTS)[number] | undefined) => {
      const { OUTPUT_NAMES, schemaOf } = await import('../contract/outputs.ts');
      io.out(output === undefined ? OUTPUT_NAMES.map((name) => `${name}\n`).join('') : `${JSON.stringify(schemaOf(output), null, 2)}\n`);
      done(EXIT.ok);
    });
}
