import type { ExitCode } from '#plugin/exit-codes.ts';
import type { Io } from '#plugin/io.ts';
import { runProgram } from '#plugin/program.ts';
import { commandFaults } from '#test/support/output-schema.ts';

export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** A pipe that nobody reads. */
export function quietIo(): Io {
  return {
    out: () => {},
    err: () => {},
    env: {},
    cwd: process.cwd(),
    stdin: () => Promise.resolve(''),
    columns: undefined,
    isTerminal: false,
    takesColor: false,
    onInterrupt: () => () => {},
  };
}

/** Runs a command line of the plugin with nothing of this process but its files. What it prints as JSON must be as its published schema says. */
export async function run(
  args: readonly string[],
  {
    stdin = '',
    cwd = process.cwd(),
    color = false,
    terminal = false,
  }: { stdin?: string; cwd?: string; color?: boolean; terminal?: boolean } = {},
): Promise<Ran> {
  let [out, err] = ['', ''];
  const io: Io = {
    ...quietIo(),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    cwd,
    stdin: () => Promise.resolve(stdin),
    isTerminal: terminal,
    takesColor: color,
  };
  const code = await runProgram(args, io);
  const faults = commandFaults(args, out);
  if (faults.length > 0) throw new Error(`${args.join(' ')}: printed what its schema refuses:\n${faults.join('\n')}`);
  return { code, out, err };
}
