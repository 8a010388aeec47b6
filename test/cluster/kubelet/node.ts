import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findBinaries } from '#scripts/cluster/binaries.ts';
import { NODE_COMPONENTS } from '#scripts/cluster/components.ts';
import type { ControlPlane } from '#scripts/cluster/control-plane.ts';
import { freePorts } from '#scripts/cluster/ports.ts';
import { containerdConfiguration, kubeletConfiguration, NODE_NAME, networkConfiguration } from './configuration.ts';
import { type ImageContent, writeImage } from './image.ts';

const execFileAsync = promisify(execFile);

const PROGRAMS = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  busybox: 'busybox-static',
  iptables: 'iptables',
  conntrack: 'conntrack',
  socat: 'socat',
  ip: 'iproute2',
} as const;

/** Kernel settings that kubelet and CNI change. */
const SYSCTLS = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops', 'net/ipv4/ip_forward'];

/** Folders outside ours that kubelet, containerd and CNI write to. */
const FOREIGN_FOLDERS = ['/var/lib/kubelet', '/var/lib/cni', '/var/log/pods', '/var/log/containers', '/run/containerd', '/opt/containerd'];

/** Why this suite can't or should not run here; undefined: it can. */
export function reasonToSkip(): string | undefined {
  if (process.env.TEST_KUBELET !== '1') return 'it changes sysctls and mounts (and restores them), so it runs only with TEST_KUBELET=1';
  if (process.platform !== 'linux') return `a kubelet needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a kubelet needs root';
  const missing = Object.entries(PROGRAMS).filter(([program]) => !isThere(program));
  if (missing.length > 0) return `these Debian packages are missing: ${[...new Set(missing.map(([, name]) => name))].join(', ')}`;
  if (podCgroups().length > 0) return `another kubelet works on this machine: ${podCgroups()[0]} exists`;
  return undefined;
}

function isThere(program: string): boolean {
  if (program.startsWith('/')) return existsSync(program);
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function podCgroups(): readonly string[] {
  const root = '/sys/fs/cgroup';
  const folders = [
    root,
    ...readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, entry.name)),
  ];
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith('kubepods'))
      .map((name) => join(folder, name)),
  );
}

/** A folder for a node, with a note of how things were before. */
export interface NodeFolder {
  readonly path: string;
  /** Shell command that restores everything; for when this process is killed. */
  readonly cleanUp: string;
}

/** To be called before anything is started. */
export function prepareNode(): NodeFolder {
  const path = mkdtempSync('/var/tmp/kubeopencode-node-');
  for (const name of ['before', 'run', 'root', 'kubelet', 'cni', 'cni-state']) mkdirSync(join(path, name));
  const note = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(path, 'before', name), lines.map((line) => `${line}\n`).join(''));
  note(
    'sysctls',
    SYSCTLS.map((name) => `${name} ${readFileSync(`/proc/sys/${name}`, 'utf8').trim()}`),
  );
  note(
    'absent',
    FOREIGN_FOLDERS.filter((folder) => !existsSync(folder)),
  );
  note('netns', existsSync('/run/netns') ? readdirSync('/run/netns').map((name) => `/run/netns/${name}`) : []);
  const script = fileURLToPath(new URL('clean-up.sh', import.meta.url));
  return { path, cleanUp: `/bin/sh '${script}' '${path}'` };
}

/** What the node has images of, since it can pull none. */
export interface NodeImages {
  readonly pause: ImageContent;
  readonly others: readonly ImageContent[];
  /** Files of images that were made elsewhere. */
  readonly archives: readonly string[];
}

/** Starts containerd and a kubelet as node `localhost` of the control plane. Both end with the control plane's processes. */
export async function startNode(controlPlane: ControlPlane, { path }: NodeFolder, images: NodeImages): Promise<void> {
  const { kubelet } = await findBinaries(NODE_COMPONENTS, console.error);
  const { kubeletPort } = await freePorts(['kubeletPort']);
  const socket = join(path, 'run/containerd.sock');
  writeFileSync(join(path, 'containerd.toml'), containerdConfiguration(path, socket, images.pause.name));
  writeFileSync(join(path, 'cni/10-bridge.conflist'), JSON.stringify(networkConfiguration(join(path, 'cni-state'))));
  writeFileSync(join(path, 'kubelet.yaml'), JSON.stringify(kubeletConfiguration(socket, kubeletPort)));

  const containerd = controlPlane.group.start('containerd', 'containerd', ['--config', join(path, 'containerd.toml')]);
  const ctr = (...args: readonly string[]): Promise<unknown> =>
    execFileAsync('ctr', ['-a', socket, '-n', 'k8s.io', ...args], { timeout: 60_000 });
  await eventually('containerd to answer', containerd.tail, () =>
    ctr('version').then(
      () => true,
      () => false,
    ),
  );
  const busybox = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim();
  for (const [index, image] of [images.pause, ...images.others].entries()) {
    const file = join(path, `image-${index}.tar`);
    writeImage(busybox, image, file);
    await ctr('images', 'import', file);
  }
  for (const archive of images.archives) await ctr('images', 'import', archive);
  const member = controlPlane.group.start('kubelet', kubelet, [
    `--kubeconfig=${controlPlane.kubeconfigOf('kubelet')}`,
    `--config=${join(path, 'kubelet.yaml')}`,
    `--hostname-override=${NODE_NAME}`,
    `--root-dir=${join(path, 'kubelet')}`,
    `--cert-dir=${join(path, 'kubelet/pki')}`,
  ]);
  await eventually('the node to be ready', member.tail, async () => {
    const { code, text } = await controlPlane.api.call('GET', `/api/v1/nodes/${NODE_NAME}`);
    return code === 200 && isReady(JSON.parse(text));
  });
}

function isReady(node: { spec: { taints?: unknown[] }; status: { conditions?: { type: string; status: string }[] } }): boolean {
  return (
    node.spec.taints === undefined && node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  );
}

async function eventually(what: string, tail: () => string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waiting for ${what}: not so after 60 s; its last words:\n${tail()}`);
}
