import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { DIST } from '../../build/paths.ts';
import { findBinaries } from '../../cluster/binaries.ts';
import { CLUSTER_COMPONENTS } from '../../cluster/components.ts';
import { type ControlPlane, startControlPlane } from '../../cluster/control-plane.ts';
import { writeKubeconfig } from '../../cluster/kubeconfig.ts';
import { applyManifests, CRDS, HOST_RBAC } from '../../cluster/manifests.ts';
import { freePorts } from '../../cluster/ports.ts';
import type { Member } from '../../cluster/process-group.ts';
import { FEWER_ARENAS, NODE_FLAGS } from '../../image/image-config.ts';
import { type MetricSample, parseMetrics } from './metrics-text.ts';
import { BENCH_STAGES } from './stages.ts';

/** Ten nodes of a thousand Pods each. */
const NODES = 10;
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** As host/manifests names it. */
const HOST_ACCOUNT = { namespace: 'kubeopencode-system', name: 'kubeopencode-controller' };
/** Without these the rival's own client limits (20 requests a second) were what is measured: 3 Jobs a second. */
const RIVAL_CLIENT_LIMITS = ['--kube-api-qps=1000', '--kube-api-burst=2000'];

/** A controller that is measured, as a process of its own. */
export interface Contestant {
  readonly name: string;
  readonly pid: number;
  /** Fits the user agent of its calls. */
  readonly userAgent: RegExp;
  /** Labels of its work queue's metrics. */
  readonly queueLabels: Readonly<Record<string, string>>;
  metrics(): Promise<readonly MetricSample[]>;
  /** Throws with its last lines when it has ended. */
  check(): void;
  stop(): Promise<void>;
}

export interface BenchCluster {
  readonly controlPlane: ControlPlane;
  /** The host under its own ServiceAccount, on one namespace, with the settings that our image starts it with. Resolves when its caches are filled. */
  startHost(namespace: string, flags?: readonly string[]): Promise<Contestant>;
  /** kube-controller-manager with the Job controller alone. */
  startJobController(): Promise<Contestant>;
  /** Creates a namespace, with its ServiceAccount. */
  createNamespace(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** A control plane that nobody has worked on, with what `kubectl apply -k host/manifests` brings but the Deployment. */
export async function startBenchCluster(report: (line: string) => void): Promise<BenchCluster> {
  const binaries = await findBinaries(CLUSTER_COMPONENTS, report);
  const controlPlane = await startControlPlane({ binaries, report: () => {}, crds: CRDS, fakeNodes: NODES, podStages: BENCH_STAGES });
  const { api, access, directory, group } = controlPlane;
  let started = 0;

  async function startHost(namespace: string, flags: readonly string[] = []): Promise<Contestant> {
    const kubeconfig = writeKubeconfig(directory, 'host', { ...access, token: await hostToken() });
    const { metrics, health } = await freePorts(['metrics', 'health']);
    started += 1;
    const args = [
      ...NODE_FLAGS,
      `${DIST}host.mjs`,
      ...['--kubeconfig', kubeconfig, '--namespace', namespace],
      ...['--metrics-bind-address', `127.0.0.1:${metrics}`, '--health-probe-bind-address', `127.0.0.1:${health}`],
      ...flags,
    ];
    const member = group.start(`host-${started}`, process.execPath, args, { env: { ...process.env, ...FEWER_ARENAS } });
    await until(member, 'be ready', async () => (await get(`http://127.0.0.1:${health}/readyz`)).code === 200);
    return {
      ...contestant('our host', member, () => get(`http://127.0.0.1:${metrics}/metrics`)),
      userAgent: /^kubeopencode-host\//,
      queueLabels: { name: 'task' },
    };
  }

  /** A token of the host's own ServiceAccount, from the API server as a kubelet would ask for it. */
  async function hostToken(): Promise<string> {
    const path = `/api/v1/namespaces/${HOST_ACCOUNT.namespace}/serviceaccounts/${HOST_ACCOUNT.name}/token`;
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } };
    const { status } = (await api.expect('POST', path, asked)) as { readonly status: { readonly token: string } };
    return status.token;
  }

  async function startJobController(): Promise<Contestant> {
    const { secure } = await freePorts(['secure']);
    started += 1;
    const member = group.start(`job-controller-${started}`, binaries['kube-controller-manager'], [
      `--kubeconfig=${controlPlane.kubeconfigOf('controllerManager')}`,
      '--leader-elect=false',
      '--controllers=job-controller',
      '--use-service-account-credentials=true',
      '--bind-address=127.0.0.1',
      `--secure-port=${secure}`,
      `--cert-dir=${directory}/job-controller`,
      '--authorization-always-allow-paths=/healthz,/metrics',
      ...RIVAL_CLIENT_LIMITS,
    ]);
    // It makes its own certificate, for itself; it is on this machine.
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const ask = (path: string) => get(`https://127.0.0.1:${secure}${path}`, dispatcher);
    await until(member, 'be healthy', async () => (await ask('/healthz')).code === 200);
    const jobs = contestant('Job controller', member, () => ask('/metrics'));
    return {
      ...jobs,
      userAgent: /^kube-controller-manager\/.*:job-controller$/,
      queueLabels: { name: 'job' },
      stop: async () => {
        await jobs.stop();
        await dispatcher.close();
      },
    };
  }

  async function createNamespace(name: string): Promise<void> {
    await api.expect('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    await untilSo(`the ServiceAccount default of ${name}`, async () => (await api.call('GET', path)).code === 200);
  }

  try {
    await applyManifests(binaries.kubectl, controlPlane.kubeconfig, HOST_RBAC);
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return { controlPlane, startHost, startJobController, createNamespace, stop: () => controlPlane.stop() };
}

function contestant(
  name: string,
  member: Member,
  scrape: () => Promise<{ readonly text: string }>,
): Pick<Contestant, 'name' | 'pid' | 'metrics' | 'check' | 'stop'> {
  return {
    name,
    pid: member.pid,
    metrics: async () => parseMetrics((await scrape()).text),
    check: () => {
      if (member.endedWith() !== undefined) throw new Error(`${member.name} ended with ${member.endedWith()}:\n${member.tail()}`);
    },
    stop: () => member.kill('SIGTERM'),
  };
}

async function get(url: string, dispatcher?: Agent): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const answer = await request(url, dispatcher === undefined ? {} : { dispatcher });
    return { code: answer.statusCode, text: await answer.body.text() };
  } catch (error) {
    return { code: 0, text: String(error) };
  }
}

function until(member: Member, what: string, isSo: () => Promise<boolean>): Promise<void> {
  return untilSo(`${member.name} to ${what}`, async () => {
    if (member.endedWith() !== undefined) throw new Error(`${member.name} ended with ${member.endedWith()}:\n${member.tail()}`);
    return isSo();
  });
}

/** Asks again and again until it is so. Throws when it is not so after `timeoutMs`. */
export async function untilSo(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  { timeoutMs = READY_TIMEOUT_MS, pollMs = POLL_MS }: { readonly timeoutMs?: number; readonly pollMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waiting for ${what}: expected it within ${timeoutMs / 1_000} s, it did not come`);
    await sleep(pollMs);
  }
}
