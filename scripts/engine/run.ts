import { spawnSync } from 'node:child_process';

/** Standard output of a program without the white space around it; null when it can't be run or fails. */
export function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string | null {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...environment } });
  return status === 0 ? stdout.trim() : null;
}
