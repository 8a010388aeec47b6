import { spawn } from 'node:child_process';

/** How long a process takes from its start to its end, in milliseconds. Throws with its stderr when it fails; a plan that is blocked (3) is none. */
export function ranMs(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0 || code === 3) resolve(performance.now() - startedMs);
      else reject(new Error(`${args.join(' ')}: expected it to end well, it ended with ${signal ?? code}: ${said.slice(-500)}`));
    });
  });
}
