import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '#host/core/oci/registry.ts';
import { openTestRegistry } from '../core/registry.ts';

const HOST = fileURLToPath(new URL('../../../dist/host.mjs', import.meta.url));

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-'));
  children = [];
});

afterEach(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Process {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly exit: Promise<number | null>;
  line(msg: string): Promise<Record<string, unknown>>;
}

function host(...args: string[]): Process {
  const child = spawn(process.execPath, [HOST, ...args], { env: { PATH: process.env.PATH ?? '', HOME: folder } });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const exit = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const find = (msg: string): Record<string, unknown> | undefined =>
    out
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find((line) => line.msg === msg);
  return {
    child,
    out: () => out,
    err: () => err,
    exit,
    line: (msg) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = find(msg);
          if (line !== undefined) resolve(line);
        };
        child.stdout.on('data', look);
        child.on('close', () => reject(new Error(`ended without "${msg}": ${out}${err}`)));
        look();
      }),
  };
}

/** A kubeconfig of a server that accepts connections and never answers. */
async function silentServer(): Promise<{ readonly file: string; close(): void }> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const file = join(folder, 'kubeconfig');
  const cluster = { name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } };
  const context = { name: 'x', context: { cluster: 'c', user: 'u' } };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    contexts: [context],
    users: [{ name: 'u', user: {} }],
    'current-context': 'x',
  };
  writeFileSync(file, JSON.stringify(config));
  return { file, close: () => server.close() };
}

const LOCAL = ['--metrics-bind-address=127.0.0.1:0', '--health-probe-bind-address=127.0.0.1:0'];

describe('the host as a process', () => {
  test('--version and --help print and end well', async () => {
    const [version, help] = [host('--version'), host('--help')];
    expect([await version.exit, await help.exit]).toEqual([0, 0]);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help.out()).toContain('--leader-elect');
  });

  test('a Node that is too old is told before anything of it is missed', () => {
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.0' } })";
    const { status, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${older}`, HOST, '--version'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: the host needs Node 22\.19 or newer, this is 22\.18\.0; .*\n$/)]);
  });

  test('a wrong flag ends with 2 and says what is right', async () => {
    const ran = host('--reference-grace=1 hour');
    expect(await ran.exit).toBe(2);
    expect(ran.err()).toContain('error: --reference-grace: "1 hour" is not right; want a duration such as 90s, 30m or 1h30m');
  });

  test('no kubeconfig ends with 1 and names the file', async () => {
    const ran = host('--kubeconfig', join(folder, 'missing'));
    expect(await ran.exit).toBe(1);
    expect(ran.out()).toContain('missing');
  });

  test('another core than --core-digest says ends with 1', async () => {
    const { file, close } = await silentServer();
    const ran = host('--kubeconfig', file, `--core-digest=sha256:${'0'.repeat(64)}`);
    expect(await ran.exit).toBe(1);
    expect(ran.out()).toContain('as --core-digest says');
    close();
  });

  test('with a server that never answers: alive, not ready, and gone at SIGTERM with 0', async () => {
    const { file, close } = await silentServer();
    const ran = host('--kubeconfig', file, ...LOCAL);
    const { addresses } = (await ran.line('started')) as { addresses: { port: number }[] };
    const [metrics, health] = addresses.map(({ port }) => `http://127.0.0.1:${port}`);
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    const ready = await fetch(`${health}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([500, expect.stringContaining('first list not done of Task')]);
    expect(await (await fetch(`${metrics}/metrics`)).text()).toContain('process_cpu_seconds_total');
    ran.child.kill('SIGTERM');
    expect(await ran.exit).toBe(0);
    close();
  });

  test('a standby that can’t reach its Lease is gone at SIGTERM, too', async () => {
    const { file, close } = await silentServer();
    const ran = host('--kubeconfig', file, '--leader-elect', ...LOCAL);
    await ran.line('started');
    ran.child.kill('SIGTERM');
    expect(await ran.exit).toBe(0);
    close();
  });

  test('SIGUSR2 makes the log tell everything; at SIGHUP another core takes over, and one that is none does not', async () => {
    const { file, close } = await silentServer();
    const core = join(folder, 'core.wasm');
    const bytes = readFileSync(fileURLToPath(new URL('../../../dist/core.wasm', import.meta.url)));
    writeFileSync(core, bytes);
    const ran = host('--kubeconfig', file, '--core', core, ...LOCAL);
    await ran.line('started');
    ran.child.kill('SIGUSR2');
    expect(await ran.line('SIGUSR2: the level of the log was changed')).toMatchObject({ level: 'debug' });
    ran.child.kill('SIGHUP');
    await ran.line('the core is the same as before');
    writeFileSync(core, 'no core');
    ran.child.kill('SIGHUP');
    expect(await ran.line('no other core could be loaded')).toMatchObject({
      error: expect.stringContaining('expected a WebAssembly module'),
    });
    // A custom section changes the digest and nothing else.
    writeFileSync(core, Buffer.concat([bytes, Buffer.from([0, 2, 1, 120])]));
    ran.child.kill('SIGHUP');
    expect(await ran.line('another core decides from now on, on trial')).toMatchObject({ from: expect.stringMatching(/^sha256:/) });
    ran.child.kill('SIGTERM');
    expect(await ran.exit).toBe(0);
    close();
  });

  test('starts with a core from a registry, and again from its cache when that is away', async () => {
    const { file, close } = await silentServer();
    const registry = await openTestRegistry({ redirectBlobs: true });
    const bytes = readFileSync(fileURLToPath(new URL('../../../dist/core.wasm', import.meta.url)));
    const source = `oci://${registry.host}/team/core@${registry.push('team/core', 'v1', bytes)}`;
    const started = async (): Promise<unknown> => {
      const ran = host('--kubeconfig', file, '--core', source, '--core-cache', join(folder, 'cores'), ...LOCAL);
      const { core } = await ran.line('started');
      ran.child.kill('SIGKILL');
      await ran.exit;
      return core;
    };
    expect(await started()).toBe(digestOf(bytes));
    await registry.close();
    expect(await started()).toBe(digestOf(bytes));
    close();
  });

  test('an address that is taken ends with 1', async () => {
    const { file, close } = await silentServer();
    const first = host('--kubeconfig', file, ...LOCAL);
    const { addresses } = (await first.line('started')) as { addresses: { port: number }[] };
    const second = host('--kubeconfig', file, `--metrics-bind-address=127.0.0.1:${addresses[0]?.port}`, '--health-probe-bind-address=0');
    expect(await second.exit).toBe(1);
    expect(second.out()).toContain('expected a free address');
    close();
  });
});
