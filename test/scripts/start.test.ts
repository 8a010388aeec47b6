import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url));

let folder: string;
let server: Server;
let kubeconfig: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'start-'));
  kubeconfig = join(folder, 'kubeconfig');
  // An API server that is there and cannot help: the host tries again and again.
  server = createServer((_request, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
      'current-context': 'c',
    }),
  );
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('npm start -- --kubeconfig FILE', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends the host at a lone %s, once', { timeout: 60_000 }, async (signal) => {
    const flags = ['--kubeconfig', kubeconfig, '--metrics-bind-address', '0', '--health-probe-bind-address', '0'];
    const child = spawn(process.execPath, [SCRIPT, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    const started = new Promise<void>((resolve) => {
      const read = (chunk: Buffer): void => {
        out += chunk.toString();
        if (out.includes('"started"')) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => resolve());
    });
    await started;
    child.kill(signal);
    const [exitCode] = await once(child, 'close');
    expect(out).toContain(`"${signal}: ending"`);
    expect(out).not.toContain('again: ending at once');
    expect(exitCode).toBe(0);
  });
});
