import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiAccess, type ApiClient, apiClient } from './api.ts';
import {
  apiServerArguments,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  type Layout,
  schedulerArguments,
} from './arguments.ts';
import type { Binaries, Report } from './binaries.ts';
import type { CLUSTER_COMPONENTS } from './components.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { applyCrds } from './manifests.ts';
import { serveNodeLogs } from './node-logs.ts';
import { createFakeNodes } from './nodes.ts';
import { freePorts } from './ports.ts';
import { type Member, openProcessGroup, type ProcessGroup } from './process-group.ts';
import { kwokConfiguration } from './stages/configuration.ts';
import type { Stage } from './stages/stage.ts';
import { installUnschedulableOutcome } from './unschedulable.ts';

const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 30;
const ATTEMPTS = 3;

export interface ControlPlaneOptions {
  readonly binaries: Binaries<(typeof CLUSTER_COMPONENTS)[number]>;
  readonly report: Report;
  /** Nodes without a machine, on which kwok plays the kubelet. Default 4; 0: no kwok at all. */
  readonly fakeNodes?: number;
  /** `Inert`: no scheduler, no fake nodes and no controller touches a Pod, it stays as it is made. Default `Live`. */
  readonly pods?: 'Live' | 'Inert';
  /** What kwok does to Pods. Default `POD_STAGES`, which play a kubelet; fewer cost less CPU. */
  readonly podStages?: readonly Stage[];
  /**
   * File or folder of CustomResourceDefinitions to apply. They come before the controller manager, whose garbage collector looks for new kinds
   * every 30 seconds only.
   */
  readonly crds?: string;
  /** Shell command to run after everything has ended, also when this process was killed. */
  readonly afterwards?: string;
}

/** A running Kubernetes control plane on 127.0.0.1. */
export interface ControlPlane {
  readonly access: ApiAccess;
  readonly api: ApiClient;
  /** Client address of etcd, without TLS. */
  readonly etcd: string;
  /** Logs, data, kubeconfigs; gone after `stop`. */
  readonly directory: string;
  /** File for `KUBECONFIG`, as a member of `system:masters`. */
  readonly kubeconfig: string;
  /** JSON lines, one a request, without bodies. */
  readonly auditLog: string;
  /** For what has to end together with the cluster. */
  readonly group: ProcessGroup;
  /** File for `KUBECONFIG` of another user of the token file. */
  kubeconfigOf(user: 'kubelet' | 'controllerManager'): string;
  /** Ends the API server at once and starts it again on the same port: every connection and watch is cut. */
  restartApiServer(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok, and waits until they answer and the nodes are ready: about 6 seconds.
 * Everything ends with `stop`, and also when this process ends in any way. Throws with the program's last log lines when one does not come up.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(options);
    } catch (error) {
      // Between our asking for a free port and the program's taking it somebody else can have been faster.
      if (attempt === ATTEMPTS || !String(error).includes('address already in use')) throw error;
      options.report('a port was taken meanwhile; starting again');
    }
  }
}

async function start(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binaries, report, pods = 'Live' } = options;
  const fakeNodes = pods === 'Live' ? (options.fakeNodes ?? 4) : 0;
  const layout = await prepare();
  const group = openProcessGroup(layout.directory, options.afterwards);
  let closeNodeLogs = async (): Promise<void> => {};
  try {
    const run = (name: keyof typeof binaries, args: readonly string[]): Member => group.start(name, binaries[name], args);
    const etcd = run('etcd', etcdArguments(layout));
    const etcdUrl = `http://127.0.0.1:${layout.ports.etcd}`;
    await until(etcd, 'etcd to be healthy', async () => (await fetchCode(`${etcdUrl}/health`)) === 200);

    const serverArguments = apiServerArguments(layout);
    let server = run('kube-apiserver', serverArguments);
    const ready = (): Promise<void> => until(server, 'the API server to be ready', () => isReady(layout));
    await ready();
    const access = accessOf(layout);
    const api = apiClient(access);
    const kubeconfigOf = (user: keyof Layout['tokens']): string =>
      writeKubeconfig(layout.directory, user, { ...access, token: layout.tokens[user] });
    report(`kube-apiserver is ready at ${access.server}`);

    if (options.crds !== undefined) await applyCrds(binaries.kubectl, kubeconfigOf('admin'), options.crds);
    const rest = [run('kube-controller-manager', controllerManagerArguments(layout, kubeconfigOf('controllerManager'), pods))];
    if (pods === 'Live') rest.push(run('kube-scheduler', schedulerArguments(layout, kubeconfigOf('scheduler'))));
    if (fakeNodes > 0) {
      writeFileSync(layout.kwokConfiguration, kwokConfiguration(options.podStages));
      rest.push(run('kwok', kwokArguments(layout, kubeconfigOf('kwok'))));
      closeNodeLogs = await serveNodeLogs({ api, ...serverCertificate(layout), port: layout.ports.kwokNode });
      await installUnschedulableOutcome(api, report);
      await createFakeNodes(api, fakeNodes);
      await until(rest, `${fakeNodes} nodes to be ready`, () => nodesAreReady(api, fakeNodes));
    }
    await until(
      rest,
      'the default ServiceAccount',
      async () => (await api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code === 200,
    );
    report(`${rest.map((member) => member.name).join(', ')} are up`);

    return {
      access,
      api,
      etcd: etcdUrl,
      directory: layout.directory,
      kubeconfig: kubeconfigOf('admin'),
      auditLog: layout.auditLog,
      group,
      kubeconfigOf,
      async restartApiServer() {
        await server.kill('SIGKILL');
        server = run('kube-apiserver', serverArguments);
        await ready();
      },
      async stop() {
        await closeNodeLogs();
        await api.close();
        await group.end();
      },
    };
  } catch (error) {
    await closeNodeLogs();
    await group.end();
    throw error;
  }
}

async function prepare(): Promise<Layout> {
  const directory = mkdtempSync(join(tmpdir(), 'kubeopencode-cluster-'));
  const token = (): string => randomBytes(16).toString('hex');
  const layout: Layout = {
    directory,
    ports: await freePorts(['etcd', 'etcdPeer', 'apiServer', 'controllerManager', 'scheduler', 'kwokNode', 'kwokServer']),
    tokens: { admin: token(), controllerManager: token(), scheduler: token(), kwok: token(), kubelet: token() },
    tokenFile: join(directory, 'tokens.csv'),
    certificates: join(directory, 'certificates'),
    serviceAccountKey: join(directory, 'service-account.key'),
    auditPolicy: join(directory, 'audit-policy.json'),
    auditLog: join(directory, 'audit.log'),
    kwokConfiguration: join(directory, 'kwok.yaml'),
  };
  const secret = { mode: 0o600 };
  writeFileSync(layout.tokenFile, tokenLines(layout.tokens), secret);
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(layout.serviceAccountKey, privateKey, secret);
  writeFileSync(
    layout.auditPolicy,
    JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] }),
  );
  return layout;
}

/** `token,user,uid,"groups"`, the API server's static token file. */
function tokenLines(tokens: Layout['tokens']): string {
  const lines = [
    [tokens.admin, 'admin', 'admin', '"system:masters"'],
    [tokens.kwok, 'kwok', 'kwok', '"system:masters"'],
    [tokens.controllerManager, 'system:kube-controller-manager', 'controller-manager'],
    [tokens.scheduler, 'system:kube-scheduler', 'scheduler'],
    [tokens.kubelet, 'system:node:localhost', 'kubelet', '"system:nodes"'],
  ];
  return `${lines.map((line) => line.join(',')).join('\n')}\n`;
}

/** The API server makes its own certificate in `--cert-dir`, good for 127.0.0.1; its issuer stands behind it in the same file. So no openssl is needed. */
function accessOf(layout: Layout): ApiAccess {
  const { certificate } = serverCertificate(layout);
  return { server: `https://127.0.0.1:${layout.ports.apiServer}`, certificateAuthority: certificate, token: layout.tokens.admin };
}

function serverCertificate({ certificates }: Layout): { readonly certificate: string; readonly key: string } {
  const read = (name: string): string => readFileSync(join(certificates, name), 'utf8');
  return { certificate: read('apiserver.crt'), key: read('apiserver.key') };
}

async function isReady(layout: Layout): Promise<boolean> {
  try {
    const api = apiClient(accessOf(layout));
    const { code } = await api.call('GET', '/readyz');
    await api.close();
    return code === 200;
  } catch {
    // The certificate is not there yet.
    return false;
  }
}

async function nodesAreReady(api: ApiClient, count: number): Promise<boolean> {
  const { code, text } = await api.call('GET', '/api/v1/nodes');
  if (code !== 200) return false;
  const nodes: { items: { spec: { taints?: unknown[] }; status: { conditions?: { type: string; status: string }[] } }[] } =
    JSON.parse(text);
  const ready = nodes.items.filter(
    (node) =>
      node.spec.taints === undefined &&
      node.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
  );
  return ready.length === count;
}

async function fetchCode(url: string): Promise<number> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

/** Asks again and again until it is so; throws when one of the processes has ended or the time is up. */
async function until(members: Member | readonly Member[], what: string, isSo: () => Promise<boolean>): Promise<void> {
  const all = 'name' in members ? [members] : members;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await isSo())) {
    for (const member of all) {
      if (member.endedWith() !== undefined)
        throw new Error(`waiting for ${what}: ${member.name} ended with ${member.endedWith()}:\n${member.tail()}`);
    }
    if (Date.now() > deadline) {
      const logs = all.map((member) => `${member.name}:\n${member.tail()}`).join('\n');
      throw new Error(`waiting for ${what}: not so after ${READY_TIMEOUT_MS / 1000} s; last log lines of ${logs}`);
    }
    await sleep(POLL_MS);
  }
}
