import { delimiter, dirname, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { IPty } from '@lydell/node-pty';

const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 20;

export interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command line in a shell on a terminal of its own, as a person has it. The shell says `exit N` behind it, and before and after how the terminal is set. */
export interface Terminal {
  /** All that stands on it so far, with what colours it. */
  text(): string;
  /** The same, as it reads. */
  plain(): string;
  /** Waits until it shows something. Rejects, with what it shows, when it does not. */
  shows(what: RegExp): Promise<void>;
  press(keys: string): void;
  resize(columns: number): void;
  /** Exit code as the shell has it: 130 where Ctrl-C has ended it. Rejects when the command leaves the terminal otherwise than it was. */
  exitCode(): Promise<number>;
}

export const CTRL_C = '\u0003';

/** What opens terminals, or why this machine has none: the addon of node-pty is built for glibc, macOS and Windows. */
export async function findTerminals(): Promise<((command: string, options?: TerminalOptions) => Terminal) | string> {
  try {
    const { spawn } = await import('@lydell/node-pty');
    return (command, options) => openTerminal(spawn, command, options);
  } catch (error) {
    return `no pseudo-terminal on this machine: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Environment in which a shell finds the plugin, and nothing that says how to colour or how wide. */
export function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  // Node takes CI for a terminal without colours.
  const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, CI: ____, ...rest } = process.env;
  const PATH = [resolve('dist/bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  const known = Object.entries({ ...rest, PATH, TERM: 'xterm-256color', ...more });
  return Object.fromEntries(known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function openTerminal(
  spawn: typeof import('@lydell/node-pty').spawn,
  command: string,
  { columns = 100, env = {} }: TerminalOptions = {},
): Terminal {
  // The shell outlives Ctrl-C, which is for what it runs.
  const script = `trap : INT; stty -g; ${command}; echo "exit $?"; stty -g`;
  const shown = environment(env);
  const pty: IPty = spawn('/bin/sh', ['-c', script], { name: shown.TERM ?? 'xterm-256color', cols: columns, rows: 50, env: shown });
  let text = '';
  pty.onData((data) => {
    text += data;
  });
  const ended = new Promise<void>((done) => pty.onExit(() => done()));
  const plain = (): string => stripVTControlCharacters(text).replaceAll('\r\n', '\n');
  return {
    text: () => text,
    plain,
    press: (keys) => pty.write(keys),
    resize: (to) => pty.resize(to, 50),
    async shows(what) {
      const deadline = performance.now() + WAIT_MS;
      while (!what.test(plain())) {
        if (performance.now() > deadline) throw new Error(`a terminal: expected it to show ${what}, it shows:\n${plain()}`);
        await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
      }
    },
    async exitCode() {
      await Promise.race([ended, new Promise((done) => setTimeout(done, WAIT_MS))]);
      const [, before, code, after] = /^(\S+)\n[\s\S]*exit (\d+)\n(\S+)\n$/.exec(plain()) ?? [];
      if (code === undefined || before !== after) throw new Error(`a terminal: expected it to end as it began, it shows:\n${plain()}`);
      return Number(code);
    },
  };
}
