import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import { auditOf, missingRights } from './support/audit.ts';
import { startBare, untilCode, untilTasksAreCollected } from './support/bare.ts';
import { deployed, podOfDeployment } from './support/deployed.ts';
import { create, isPodRunning, ok, podAt, task, template } from './support/objects.ts';
import { shell } from './support/shell.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

/** The first release that people could install: its definitions, and objects that its definitions let in. */
const OLDER = 'b31e587c613c45cbe48000da62d8d79a644b909e';
const MANIFESTS = 'host/manifests';
const CONTROLLER = { namespace: 'kubeopencode-system', name: 'kubeopencode-controller' };
const CRD_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const { controlPlane, kube, kubectl } = await startBare();
const start = deployed(controlPlane.access, kube.api);
const folder = mkdtempSync(join(tmpdir(), 'kubeopencode-install-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const apply = (...args: readonly string[]): Promise<string> => kube.kubectl(['apply', '--server-side', ...args]);
const asUser = (command: string): Promise<string> => shell(command, controlPlane.kubeconfig, kubectl);

/** A file as it was in an earlier commit; undefined where the history is not there, as in a shallow clone. */
function earlier(path: string): string | undefined {
  try {
    return execFileSync('git', ['show', `${OLDER}:${path}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 16 << 20,
    });
  } catch {
    return undefined;
  }
}

/** Objects of a kustomization, as kubectl builds them. */
async function built(overlay: string): Promise<readonly KubernetesObject[]> {
  const text = await kube.kubectl(['kustomize', `${MANIFESTS}/overlays/${overlay}`]);
  return parseAllDocuments(text).map((document): KubernetesObject => document.toJS());
}

describe('an upgrade', () => {
  it('of the definitions keeps what was stored, also what was running', async ({ skip }) => {
    const kinds = ['agents', 'agenttemplates', 'kubeopencodeconfigs', 'tasks'];
    const files = kinds.map((kind) => earlier(`${MANIFESTS}/base/crds/kubeopencode.io_${kind}.yaml`));
    const stored = earlier(`${MANIFESTS}/examples/task.yaml`);
    if (stored === undefined || files.includes(undefined)) return skip(`the history of this clone does not reach back to ${OLDER}`);
    writeFileSync(join(folder, 'older.yaml'), files.join('---\n'));
    await apply('-f', join(folder, 'older.yaml'));
    await kube.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', join(folder, 'older.yaml')]);
    const namespace = await kube.namespace();
    await kube.kubectl(['-n', namespace, 'create', '-f', '-'], stored);
    // What the older definition does not know is not stored.
    const later = {
      ...task(namespace, 'later', { templateRef: { name: 'quickstart' } }),
      spec: { templateRef: { name: 'quickstart' }, description: 'x', cleanup: { pod: { failed: 'Keep' } } },
    };
    expect(
      (await kube.api.call('POST', `/apis/kubeopencode.io/v1alpha1/namespaces/${namespace}/tasks?fieldValidation=Strict&dryRun=All`, later))
        .code,
    ).toBe(400);

    const said = await apply('-k', `${MANIFESTS}/overlays/cluster-wide`);
    expect(said.match(/^customresourcedefinition\S+ serverside-applied$/gm)).toHaveLength(4);
    for (const kind of kinds) {
      const crd = (await kube.api.expect('GET', `${CRD_PATH}/${kind}.kubeopencode.io`)) as {
        status: { storedVersions: readonly string[] };
      };
      expect(crd.status.storedVersions).toEqual(['v1alpha1']);
    }
    await until<KubernetesObject>(kube.cluster, { kind: 'Task', namespace, name: 'hello' }, 'to be there', () => true);
    await create(kube.cluster, later);
    const host = await start(await podOfDeployment(kube.api, CONTROLLER.namespace, CONTROLLER.name));
    for (const name of ['hello', 'later']) expect((await untilFinished(kube.cluster, namespace, name)).status?.phase).toBe('Completed');
    await host.kill('SIGTERM');
    expect(await host.ended).toBe('exit code 0');
  });
});

describe('kubectl apply -k', () => {
  it.each(['cluster-wide', 'high-availability', 'production'])('of %s installs everything, and again changes nothing', async (overlay) => {
    await apply('-k', `${MANIFESTS}/overlays/${overlay}`);
    const versions = async (): Promise<string> =>
      kube.kubectl([
        'get',
        '-k',
        `${MANIFESTS}/overlays/${overlay}`,
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}',
      ]);
    const before = await versions();
    expect(before.trim().split('\n')).toHaveLength((await built(overlay)).length);
    await apply('-k', `${MANIFESTS}/overlays/${overlay}`);
    expect(await versions()).toBe(before);
  });

  it('makes a Pod that its namespace lets in, which refuses one that is allowed more', async () => {
    const { spec } = await podOfDeployment(kube.api, CONTROLLER.namespace, CONTROLLER.name);
    const pod = (more: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe' }, spec: { ...spec, ...more } });
    const path = `/api/v1/namespaces/${CONTROLLER.namespace}/pods?dryRun=All`;
    // The controller manager makes the ServiceAccount's token volume; admission judges the whole Pod.
    expect(await kube.api.call('POST', path, pod({}))).toMatchObject({ code: 201 });
    expect(await kube.api.call('POST', path, pod({ hostNetwork: true }))).toMatchObject({
      code: 403,
      text: expect.stringContaining('violates PodSecurity \\"restricted:latest\\"'),
    });
  });

  it('gives the host all that it needs, as its Deployment starts it', async () => {
    const namespace = await kube.namespace();
    const host = await start(await podOfDeployment(kube.api, CONTROLLER.namespace, CONTROLLER.name));
    await create(kube.cluster, template(namespace, 'plain', { 'run-for': '1s' }), task(namespace, 'plain'));
    expect((await untilFinished(kube.cluster, namespace, 'plain')).status?.phase).toBe('Completed');
    await host.kill('SIGTERM');
    expect(missingRights(auditOf(controlPlane.auditLog, CONTROLLER))).toEqual([]);
  });
});

describe('in one namespace', () => {
  const namespace = 'kubeopencode-tasks';
  const account = { ...CONTROLLER, namespace };

  it('whoever is its admin can install a controller, and nothing of it is of the cluster', async () => {
    await apply('-f', `${MANIFESTS}/namespace-admins/role.yaml`);
    await kube.kubectl(['create', 'namespace', namespace]);
    await kube.kubectl(['-n', namespace, 'create', 'rolebinding', 'tenant', '--clusterrole=admin', '--user=tenant']);
    await untilGranted();
    const objects = await built('single-namespace');
    expect(objects.filter(({ metadata }) => metadata.namespace !== namespace)).toEqual([]);
    const said = await apply('--as=tenant', '-k', `${MANIFESTS}/overlays/single-namespace`);
    expect(said.trim().split('\n')).toHaveLength(objects.length);
    // Who is no admin of it can't.
    await expect(apply('--as=stranger', '-k', `${MANIFESTS}/overlays/single-namespace`)).rejects.toThrow(/forbidden/i);
  });

  it('Tasks run there, without any right to the cluster or another namespace', async () => {
    const host = await start(await podOfDeployment(kube.api, namespace, account.name));
    await create(kube.cluster, template(namespace, 'plain', { 'run-for': '1s' }), task(namespace, 'plain'));
    expect((await untilFinished(kube.cluster, namespace, 'plain')).status?.phase).toBe('Completed');
    const elsewhere = await kube.namespace();
    await create(kube.cluster, template(elsewhere, 'plain', { 'run-for': '1s' }), task(elsewhere, 'plain'));
    await create(kube.cluster, task(namespace, 'second', { templateRef: { name: 'plain' } }));
    await untilFinished(kube.cluster, namespace, 'second');
    const { status } = (await ok(kube.cluster.get({ kind: 'Task', namespace: elsewhere, name: 'plain' }))) as KubernetesObject & {
      status?: object;
    };
    expect(status).toBeUndefined();
    await host.kill('SIGTERM');
    expect(await host.ended).toBe('exit code 0');
    // The settings of the cluster are asked for, refused, and done without.
    const missing = missingRights(auditOf(controlPlane.auditLog, account));
    expect([...new Set(missing)]).toEqual(['list kubeopencode.io/kubeopencodeconfigs']);
    const user = `--as=system:serviceaccount:${namespace}:${account.name}`;
    for (const place of [['-n', elsewhere], ['-A']])
      await expect(kube.kubectl(['auth', 'can-i', 'list', 'pods', user, ...place])).rejects.toMatchObject({ stdout: 'no\n' });
  });

  async function untilGranted(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const can = await kube
        .kubectl(['-n', namespace, 'auth', 'can-i', 'patch', 'tasks.kubeopencode.io/status', '--as=tenant'])
        .catch(() => 'no');
      if (can.trim() === 'yes') return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('waiting for the role admin to have what kubeopencode-install grants: not so after 10 s');
  }
});

describe('an uninstall', () => {
  it('leaves nothing stuck: the controller first, then the Pods that it held, then the rest', async () => {
    const namespace = await kube.namespace();
    const host = await start(await podOfDeployment(kube.api, CONTROLLER.namespace, CONTROLLER.name));
    for (const name of ['runs', 'ended'])
      await create(kube.cluster, template(namespace, name, { outcome: 'never', 'stop-after': '0s' }), task(namespace, name));
    for (const name of ['runs', 'ended']) await untilPodRuns(kube.cluster, namespace, name);
    await host.kill('SIGTERM');
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'ended-pod', '--wait=false']);
    await until<Pod>(
      kube.cluster,
      podAt(namespace, 'ended-pod'),
      'to have ended, and to be held',
      ({ metadata, status }) => status?.phase === 'Failed' && metadata.finalizers?.includes(POD_FINALIZER) === true,
    );

    await kube.kubectl(['-n', CONTROLLER.namespace, 'delete', 'deployment', CONTROLLER.name]);
    const said = await asUser('kubectl opencode release -A');
    expect(said).toMatch(/^\S+ +ended-pod +Failed, deleting +ended +released/m);
    expect(said).toMatch(/^\S+ +runs-pod +Running +runs +released/m);
    await untilGone(kube.cluster, podAt(namespace, 'ended-pod'));
    expect(isPodRunning((await ok(kube.cluster.get(podAt(namespace, 'runs-pod')))) as Pod)).toBe(true);
    await untilTasksAreCollected(kube, namespace);
    await kube.kubectl(['delete', '-k', `${MANIFESTS}/overlays/production`, '--ignore-not-found', '--wait=true', '--timeout=50s']);
    await untilCode(kube, `/api/v1/namespaces/${CONTROLLER.namespace}`, 404);
    await untilCode(kube, `${CRD_PATH}/tasks.kubeopencode.io`, 404);
    // Its Task is gone with the definition, so the garbage collector takes the Pod.
    await untilGone(kube.cluster, podAt(namespace, 'runs-pod'));
    await kube.kubectl(['delete', 'namespace', namespace, '--timeout=30s']);
  });
});
