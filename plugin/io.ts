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
  /** Columns to write in, as they are now: COLUMNS, else those of the terminal that stdout is; undefined when there is neither. */
  readonly columns: number | undefined;
  /** Whether stdout is a terminal, so that a person reads it. */
  readonly isTerminal: boolean;
  /** Whether stdout takes colour: a terminal or FORCE_COLOR, and neither NO_COLOR nor TERM=dumb. */
  readonly takesColor: boolean;
  /** What is said on stderr when Ctrl-C ends this process, until the returned function takes it back. */
  onInterrupt(lastWords: () => string): () => void;
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
    get columns() {
      return columnsOf(env) ?? terminalColumns(stdout);
    },
    isTerminal: stdout.isTTY === true,
    takesColor: takesColor(env, stdout.isTTY === true ? () => stdout.hasColors() : () => false),
    onInterrupt: (lastWords) => {
      const end = (): void => {
        stderr.write(lastWords());
        // Ended as by the signal itself: a shell gives 130, and ends the loop that this stands in.
        process.removeListener('SIGINT', end);
        process.kill(process.pid, 'SIGINT');
      };
      process.on('SIGINT', end);
      return () => void process.removeListener('SIGINT', end);
    },
  };
}

/** Width of the terminal that a stream goes to; undefined: it goes to none. One that nobody has given a size says 0. */
export function terminalColumns({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number | undefined {
  return isTTY ? columns || HELP_WIDTH : undefined;
}

function columnsOf({ COLUMNS = '' }: Io['env']): number | undefined {
  return /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : undefined;
}

/** An empty variable is as good as none (no-color.org); who wants no colour is asked before who wants it. */
function takesColor({ NO_COLOR = '', FORCE_COLOR = '' }: Io['env'], hasColors: () => boolean): boolean {
  if (NO_COLOR !== '') return false;
  return FORCE_COLOR === '' ? hasColors() : !['0', 'false'].includes(FORCE_COLOR);
}
