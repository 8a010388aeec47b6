import { styleText } from 'node:util';

/** Columns of a help that goes to no terminal. */
export const HELP_WIDTH = 80;

/** All that a command may touch of the process. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whole standard input. */
  stdin(): Promise<string>;
  /** Columns of the terminal that stdout is; undefined when it is none. */
  readonly columns: number | undefined;
  /** Whether stdout takes colour: a terminal, and neither NO_COLOR nor TERM=dumb. */
  readonly takesColor: boolean;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
/** Text in a style, or as it is where colour is off. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const colored: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** The process's own. */
export function processIo(): Io {
  const { stdout, stderr, stdin, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    cwd: process.cwd(),
    stdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
    columns: stdout.isTTY ? stdout.columns : undefined,
    takesColor: stdout.isTTY === true && stdout.hasColors(),
  };
}
