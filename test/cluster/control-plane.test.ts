import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';

/** `npm run cluster` as a process, up to its line for the shell; rejects when that does not come. */
async function up(): Promise<{ child: ChildProcess; kubeconfig: string }> {
  const child = spawn(process.execPath, ['scripts/cluster.ts', '--no-kind', '--nodes', '1'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += chunk;
    const kubeconfig = /^export KUBECONFIG=(.+)\n/.exec(output)?.[1];
    if (kubeconfig !== undefined) return { child, kubeconfig };
  }
  throw new Error(`starting a cluster: expected the line export KUBECONFIG=…, got ${JSON.stringify(output)}`);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waiting until ${what}: not so after 5 s`);
}

it.each(['SIGTERM', 'SIGKILL'] as const)('npm run cluster leaves nothing behind after %s', async (signal) => {
  const { child, kubeconfig } = await up();
  const { port } = new URL(JSON.parse(readFileSync(kubeconfig, 'utf8')).clusters[0].cluster.server);
  expect(await listens(Number(port))).toBe(true);
  child.kill(signal);
  await until('its files are gone', () => !existsSync(dirname(kubeconfig)));
  expect(await listens(Number(port))).toBe(false);
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
