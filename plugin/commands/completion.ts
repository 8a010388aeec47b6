import { Argument, type Command } from 'commander';
import type { Shell } from '../completion/scripts.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';

/** Those of `completion/scripts.ts`, which is loaded only when the command runs. */
const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[];

const EXAMPLES = `
Examples:
  # In this shell; put it into ~/.bashrc for all
  source <(kubectl-opencode completion bash)

  # For every zsh, every fish
  kubectl-opencode completion zsh > "\${fpath[1]}/_kubectl-opencode"
  kubectl-opencode completion fish > ~/.config/fish/completions/kubectl-opencode.fish

For "kubectl opencode" nothing of that is needed: where kubectl's own completion is set up, it asks
kubectl_complete-opencode, which has to be on PATH. Names of Tasks, Agents, templates and namespaces come
from the cluster, and are left out where it does not answer within 1.5s.`;

export function defineCompletion(program: Command, io: Io, done: (code: ExitCode) => void): void {
  program
    .command('completion')
    .summary('completion of kubectl-opencode for a shell')
    .description('Prints what a shell evaluates to complete kubectl-opencode, the plugin without kubectl.')
    .addArgument(new Argument('<shell>', 'which shell').choices([...SHELLS]))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../completion/scripts.ts');
      io.out(completionScript(shell));
      done(EXIT.ok);
    });
}
