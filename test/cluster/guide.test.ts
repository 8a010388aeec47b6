import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { startBare } from './support/bare.ts';
import { deployed, podOfDeployment } from './support/deployed.ts';
import { create, ok, task } from './support/objects.ts';
import { shell } from './support/shell.ts';
import { untilFinished } from './support/watch.ts';

const { controlPlane, kube, kubectl } = await startBare();
const start = deployed(controlPlane.access, kube.api);

/** What takes a container engine, a registry, a node or helm; everything else of the guide is run as it stands. */
const NOT_HERE = [/^npm /, /^kind /, /^helm /, / rollout status /];

const guide = readFileSync('host/docs/install.md', 'utf8');

/** Commands of the guide's shell blocks below a heading. */
function commandsOf(heading: string): readonly string[] {
  const from = guide.indexOf(`\n## ${heading}\n`);
  if (from === -1) throw new Error(`reading host/docs/install.md: expected the heading "${heading}"`);
  const section = guide.slice(from + 1).split('\n## ')[0] ?? '';
  return [...section.matchAll(/^ *```sh\n(.*?)^ *```/gms)].flatMap(([, text = '']) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
}

async function run(command: string): Promise<string> {
  return NOT_HERE.some((pattern) => pattern.test(command)) ? '' : shell(command, controlPlane.kubeconfig, kubectl);
}

describe('the guide, from nothing to a Task that runs', () => {
  it('its commands do what it says', async () => {
    const commands = commandsOf('On a laptop');
    const first = commands.findIndex((command) => command.includes('examples/task.yaml'));
    expect(first).toBeGreaterThan(3);
    for (const command of commands.slice(0, first)) await run(command);
    const host = await start(await podOfDeployment(kube.api, 'kubeopencode-system', 'kubeopencode-controller'));
    const said: string[] = [];
    for (const command of commands.slice(first)) said.push(await run(command));
    expect(said.join('')).toMatch(/task\.kubeopencode\.io\/hello created[\s\S]*condition met[\s\S]*Completed[\s\S]*agent: /);
    await host.kill('SIGTERM');
  });

  it('an upgrade by its command changes nothing where nothing is new', async () => {
    for (const command of commandsOf('Upgrade'))
      expect(await run(command)).toMatch(/deployment\.apps\/kubeopencode-controller serverside-applied/);
    expect(((await ok(kube.cluster.get({ kind: 'Task', namespace: 'default', name: 'hello' }))) as Task).status?.phase).toBe('Completed');
  });
});

describe('the security model', () => {
  it('an Agent can meet the restricted Pod security standard, as the guide has it', async () => {
    const text = readFileSync('host/docs/security.md', 'utf8');
    const [, manifest = ''] = /```yaml\n(.*?)```/s.exec(text) ?? [];
    const namespace = await kube.namespace();
    await kube.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    await kube.kubectl(['-n', namespace, 'apply', '-f', '-'], manifest);
    const host = await start(await podOfDeployment(kube.api, 'kubeopencode-system', 'kubeopencode-controller'));
    await create(kube.cluster, task(namespace, 'restricted'));
    expect((await untilFinished(kube.cluster, namespace, 'restricted')).status?.phase).toBe('Completed');
    // One that does not say so waits, with the API server's words.
    await kube.kubectl(
      ['-n', namespace, 'apply', '-f', '-'],
      manifest.replace('runAsNonRoot: true', 'runAsNonRoot: false').replace('name: restricted', 'name: lax'),
    );
    await create(kube.cluster, task(namespace, 'lax'));
    await shell(`kubectl -n ${namespace} wait task/lax --for=condition=Ready=False --timeout=20s`, controlPlane.kubeconfig, kubectl);
    const lax = (await ok(kube.cluster.get({ kind: 'Task', namespace, name: 'lax' }))) as KubernetesObject & {
      status?: { message?: string };
    };
    expect(lax.status?.message).toContain('violates PodSecurity');
    await host.kill('SIGTERM');
  });
});

describe('the guide, to nothing again', () => {
  it('its commands leave nothing stuck', async () => {
    for (const command of commandsOf('Uninstall')) await run(command);
    const { code } = await kube.api.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.kubeopencode.io');
    expect(code).toBe(404);
  });
});
