import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Ends the groups it was told of when its input ends: because the owner closed it, or because the owner died, however it died.
 * A shell, because it must outlive us, start at once and cost nothing.
 */
const WATCHDOG = `
groups=
while read -r verb group; do
  case $verb in
    started) groups="$group $groups" ;;
    ended) kept=; for other in $groups; do [ "$other" = "$group" ] || kept="$kept $other"; done; groups=$kept ;;
  esac
done
gone() {
  tries=0
  while [ $tries -lt "$1" ]; do
    alive=; for group in $groups; do kill -s 0 -- "-$group" 2>/dev/null && alive=yes; done
    [ -z "$alive" ] && return 0
    sleep 0.05; tries=$((tries + 1))
  done
  return 1
}
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
gone 10 || { for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done; gone 100; }
[ -n "$2" ] && sh -c "$2"
rm -rf -- "$1"
`;

/** A process that was started in a group of its own. */
export interface Member {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** How it ended, in words; never rejects. */
  readonly ended: Promise<string>;
  /** undefined while it runs. */
  endedWith(): string | undefined;
  /** Last lines of its log, for error texts. */
  tail(): string;
  /** Signals the whole group and waits until the process has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
}

/** Processes with one fate: they end together, at the latest when this process ends. */
export interface ProcessGroup {
  start(name: string, command: string, args: readonly string[], options?: StartOptions): Member;
  /** Those that run. */
  members(): readonly Member[];
  /** SIGTERM to all, SIGKILL after half a second, then removes the directory. Idempotent. */
  end(): Promise<void>;
}

/**
 * @param directory logs go there; it is removed at the end
 * @param afterwards shell command to run after the last process has ended, also when this process was killed; empty: none
 */
export function openProcessGroup(directory: string, afterwards = ''): ProcessGroup {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', directory, afterwards], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const watchdogEnded = new Promise<void>((resolve) => watchdog.once('close', () => resolve()));
  // Without this a write to a watchdog that somebody killed would be an unhandled error.
  watchdog.stdin.on('error', () => undefined);
  const members: Member[] = [];
  return {
    start(name, command, args, options = {}) {
      const logFile = join(directory, `${name}.log`);
      const log = openSync(logFile, 'a');
      const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env: options.env ?? process.env });
      closeSync(log);
      // Without a pid the reason comes as an event a moment later; the text says enough.
      child.once('error', () => undefined);
      if (child.pid === undefined) throw new Error(`starting ${name}: ${command} can't be executed`);
      watchdog.stdin.write(`started ${child.pid}\n`);
      const started = member(name, child.pid, child, logFile, () => watchdog.stdin.write(`ended ${child.pid}\n`));
      members.push(started);
      return started;
    },
    members: () => members.filter((one) => one.endedWith() === undefined),
    async end() {
      watchdog.stdin.end();
      await watchdogEnded;
    },
  };
}

function member(name: string, pid: number, child: ChildProcess, logFile: string, gone: () => void): Member {
  let how: string | undefined;
  const ended = new Promise<string>((resolve) => {
    const finish = (text: string): void => {
      how = text;
      gone();
      resolve(text);
    };
    child.once('error', (error) => finish(error.message));
    child.once('exit', (code, signal) => finish(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  return {
    name,
    pid,
    logFile,
    ended,
    endedWith: () => how,
    tail: () => readFileSync(logFile, 'utf8').slice(-3000),
    async kill(signal) {
      if (how !== undefined) return;
      process.kill(-pid, signal);
      await ended;
    },
  };
}
