import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Said } from './said.ts';
import type { Variables } from './variables.ts';

/** Lines that are kept for the message of a failure. */
const KEPT_LINES = 6;

/** How a program ended. */
export interface Ended {
  /** 128 and the signal's number where a signal ended it. */
  readonly exitCode: number;
  /** The last lines that it wrote, secrets blotted out. */
  readonly lastLines: readonly string[];
}

export type RunProgram = (program: string, args: readonly string[], env: Variables, folder?: string) => Promise<Ended>;

/** Runs programs, repeating what they write. Rejects when one can't be started. */
export function programs(said: Said): RunProgram {
  return (program, args, env, folder) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const lastLines: string[] = [];
      const onLine = (line: string): void => {
        said.repeat(line);
        lastLines.push(said.blotted(line));
        if (lastLines.length > KEPT_LINES) lastLines.shift();
      };
      for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
      child.on('error', (cause) => reject(new Error(`starting ${program}: ${cause.message}`, { cause })));
      child.on('close', (code, signal) =>
        resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), lastLines }),
      );
    });
}
