import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { writeKubeconfig } from '#scripts/cluster/kubeconfig.ts';
import { type Member, openProcessGroup } from '#scripts/cluster/process-group.ts';
import { type ClusterInfo, clusterInfo, HOST_ACCOUNT } from './info.ts';

const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

export interface HostOptions {
  /** Namespaces that it works in. */
  readonly namespaces: readonly string[];
  /** Address of the API server; default: the cluster's. A proxy may stand before it. */
  readonly server?: string;
  readonly flags?: readonly string[];
}

/** One line of a host's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** `dist/host.mjs` as a process of its own, as its ServiceAccount. */
export interface Host {
  readonly pid: number;
  /** Address of its `/metrics`. */
  readonly metrics: string;
  /** Address of its `/healthz` and `/readyz`. */
  readonly health: string;
  log(): readonly LogLine[];
  /** Resolves with how it ended (`exit code 0`, `signal SIGKILL`). */
  kill(signal: NodeJS.Signals): Promise<string>;
}

/** What a test file needs to start hosts; all of them end after the file, and their last words are shown when a test has failed. */
export interface HostStarter {
  start(options: HostOptions): Promise<Host>;
}

/** To be called at the top of a test file. Default: for the suite's cluster. */
export function hosts(cluster: Pick<ClusterInfo, 'certificateAuthority' | 'hostToken' | 'server'> = clusterInfo()): HostStarter {
  const directory = mkdtempSync(join(tmpdir(), 'kubeopencode-hosts-'));
  const group = openProcessGroup(directory);
  const members: Member[] = [];
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const member of members) console.error(`log of ${member.name} (${member.endedWith() ?? 'running'}):\n${member.tail()}`);
  });
  afterAll(() => group.end());
  return {
    async start(options) {
      const { certificateAuthority, hostToken, server } = cluster;
      const name = `host-${members.length + 1}`;
      const kubeconfig = writeKubeconfig(directory, name, { server: options.server ?? server, certificateAuthority, token: hostToken });
      const args = [
        'dist/host.mjs',
        '--kubeconfig',
        kubeconfig,
        '--leader-elect-namespace',
        HOST_ACCOUNT.namespace,
        '--metrics-bind-address',
        '127.0.0.1:0',
        '--health-probe-bind-address',
        '127.0.0.1:0',
        ...options.namespaces.flatMap((namespace) => ['--namespace', namespace]),
        ...(options.flags ?? []),
      ];
      const member = group.start(name, process.execPath, args);
      members.push(member);
      const [metrics, health] = await listening(member);
      await ready(member, health);
      return {
        pid: member.pid,
        metrics,
        health,
        log: () => logOf(member),
        async kill(signal) {
          await member.kill(signal);
          return member.ended;
        },
      };
    },
  };
}

function logOf(member: Member): readonly LogLine[] {
  const lines = readFileSync(member.logFile, 'utf8').split('\n');
  // The last line may be half written.
  return lines.slice(0, -1).flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
}

async function listening(member: Member): Promise<readonly [string, string]> {
  const addresses = await eventually(member, 'say where it listens', () => {
    const line = logOf(member).find(({ msg }) => msg === 'started');
    return line?.addresses as readonly { readonly port: number }[] | undefined;
  });
  const [metrics, health] = addresses.map(({ port }) => `http://127.0.0.1:${port}`);
  if (metrics === undefined || health === undefined)
    throw new Error(`starting ${member.name}: expected two addresses, got ${addresses.length}`);
  return [metrics, health];
}

async function ready(member: Member, health: string): Promise<void> {
  await eventually(member, 'be ready', async () => ((await fetch(`${health}/readyz`)).ok ? true : undefined));
}

async function eventually<T>(member: Member, what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    const end = member.endedWith();
    if (end !== undefined || Date.now() > deadline) {
      throw new Error(
        `starting ${member.name}: expected it to ${what} within ${READY_TIMEOUT_MS / 1000} s, it ${end ?? 'did not'}:\n${member.tail()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
