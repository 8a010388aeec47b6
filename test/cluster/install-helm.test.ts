import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject, Pod } from '#core/api/kubernetes.ts';
import { POD_FINALIZER } from '#core/contract/names.ts';
import type { Member } from '#scripts/cluster/process-group.ts';
import { findHelm } from '#scripts/helm/binary.ts';
import { auditOf, missingRights } from './support/audit.ts';
import { startBare, untilCode } from './support/bare.ts';
import { type DeployedPod, deployed, podOfDeployment } from './support/deployed.ts';
import { create, isPodRunning, ok, podAt, task, template } from './support/objects.ts';
import { until, untilFinished, untilGone, untilPodRuns } from './support/watch.ts';

const execFileAsync = promisify(execFile);

const CHART = 'host/manifests/chart';
const RELEASE = { namespace: 'agents-system', name: 'kubeopencode' };
const CONTROLLER = 'kubeopencode-controller';
const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.kubeopencode.io';

const binary = await findHelm((line) => console.error(`helm: ${line}`));
const { controlPlane, kube } = await startBare();
const start = deployed(controlPlane.access, kube.api);
const home = mkdtempSync(join(tmpdir(), 'kubeopencode-helm-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function helm(...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: controlPlane.kubeconfig,
  };
  const { stdout } = await execFileAsync(binary ?? 'helm', args, { env, timeout: 90_000, maxBuffer: 64 << 20 });
  return stdout;
}

const sets = (...values: readonly string[]): readonly string[] => values.flatMap((value) => ['--set', value]);

/** Kind, namespace and name of an object, and everything else of it but what a chart alone has. */
function comparable(objects: readonly KubernetesObject[]): Readonly<Record<string, unknown>> {
  const entries = objects
    .filter(({ kind }) => kind !== 'Namespace')
    .map((object): [string, unknown] => {
      const { labels = {}, annotations = {}, ...metadata } = object.metadata;
      const { 'helm.sh/chart': _, 'app.kubernetes.io/managed-by': __, ...own } = labels;
      const { 'helm.sh/resource-policy': ___, ...noted } = annotations;
      const made = { ...object, metadata: { ...metadata, labels: own, annotations: noted } };
      return [`${object.kind} ${metadata.namespace ?? ''}/${metadata.name}`, made];
    });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function objectsIn(yaml: string): readonly KubernetesObject[] {
  return parseAllDocuments(yaml)
    .map((document): KubernetesObject | null => document.toJS())
    .filter((object) => object !== null);
}

const PRODUCTION = sets('replicas=2', 'networkPolicy.enabled=true', 'journal.enabled=true');
const SINGLE = sets('watchNamespaces={kubeopencode-tasks}', 'crds.install=false', 'userRoles.create=false', 'clusterConfig.read=false');

if (binary === undefined) it('needs helm, or Go to build it', ({ skip }) => skip('neither helm nor go is on PATH'));

describe.skipIf(binary === undefined)('the chart', () => {
  beforeAll(() => kube.kubectl(['create', 'namespace', 'kubeopencode-tasks']));

  it.each([
    { name: 'as it comes', values: [] },
    { name: 'for production', values: PRODUCTION },
    { name: 'for one namespace', values: SINGLE },
    {
      name: 'with every other value',
      values: sets(
        'fullnameOverride=other',
        'labelSelector=team in (a\\,b)',
        `image.digest=sha256:${'a'.repeat(64)}`,
        'imagePullSecrets[0].name=pull',
        'priorityClassName=high',
        'nodeSelector.pool=infra',
        'tolerations[0].operator=Exists',
        'serviceAccount.annotations.a=b',
        'podLabels.a=b',
        'podAnnotations.a=b',
        'extraArgs={--reference-grace=2m}',
        'extraEnv[0].name=A',
        'extraEnv[0].value=b',
        'leaderElection.leaseName=other',
        'metrics.enabled=false',
        'releasePods.enabled=false',
      ),
    },
  ])('$name is well-formed, and the API server takes what it makes', async ({ values }) => {
    expect(await helm('lint', '--strict', CHART, ...values)).toContain('0 chart(s) failed');
    // Without the hook, whose Pod needs the account that it would make.
    const made = await helm('template', RELEASE.name, CHART, '--namespace', 'default', '--no-hooks', ...values);
    const said = await kube.kubectl(['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'], made);
    expect(said.match(/ serverside-applied \(server dry run\)$/gm)).toHaveLength(objectsIn(made).length);
  });

  it.each([
    { overlay: 'cluster-wide', components: [], values: [] },
    { overlay: 'high-availability', components: [], values: sets('replicas=2') },
    { overlay: 'production', components: [], values: PRODUCTION },
    { overlay: 'single-namespace', components: [], values: SINGLE },
    { overlay: 'cluster-wide', components: ['journal', 'metrics-auth'], values: sets('journal.enabled=true', 'metrics.auth.enabled=true') },
  ])('makes what kustomize makes of $overlay with $components', async ({ overlay, components, values }) => {
    const namespace = overlay === 'single-namespace' ? 'kubeopencode-tasks' : 'kubeopencode-system';
    const ours = objectsIn(await helm('template', RELEASE.name, CHART, '--namespace', namespace, '--no-hooks', ...values));
    const theirs = objectsIn(await kube.kubectl(['kustomize', composed(overlay, components)]));
    const [chart, kustomize] = [ours, theirs].map((objects) => comparable(objects.map(ofOneNamespace)));
    expect(chart).toEqual(kustomize);
  });

  /** Folder of a kustomization as people write theirs: an overlay, and components. */
  function composed(overlay: string, components: readonly string[]): string {
    const manifests = relative(realpathSync(home), resolve('host/manifests'));
    const of = (names: readonly string[]): string => JSON.stringify(names.map((name) => `${manifests}/${name}`));
    writeFileSync(
      join(home, 'kustomization.yaml'),
      `resources: ${of([`overlays/${overlay}`])}\ncomponents: ${of(components.map((name) => `components/${name}`))}\n`,
    );
    return home;
  }

  /** Where it works the chart says by a flag, the overlay by the variable of that flag. */
  function ofOneNamespace(object: KubernetesObject): KubernetesObject {
    if (object.kind !== 'Deployment') return object;
    const text = JSON.stringify(object)
      .replace(',"--namespace=kubeopencode-tasks"', '')
      .replace(/,\{"name":"KUBEOPENCODE_NAMESPACE","valueFrom":\{"fieldRef":\{"fieldPath":"metadata.namespace"\}\}\}/, '');
    // kustomize puts what a component adds to a list before what is there.
    return JSON.parse(text, (key, value) =>
      ['env', 'volumes', 'volumeMounts'].includes(key) ? [...value].sort((a, b) => (a.name < b.name ? -1 : 1)) : value,
    );
  }

  it.each([
    ['replica=2', /additional properties 'replica' not allowed/i],
    ['replicas=two', /replicas.*(want integer|expected)/is],
    ['logLevel=loud', /logLevel/],
    ['image.digest=latest', /image\/?\.?digest/],
  ])('refuses --set %s', async (value, text) => {
    await expect(helm('template', CHART, '--set', value)).rejects.toMatchObject({ stderr: expect.stringMatching(text) });
  });
});

describe.skipIf(binary === undefined)('a release', () => {
  const namespaced = ['--namespace', RELEASE.namespace];
  // The simulated kubelet may not end the Pod of the hook: the host itself does, in this test's hand.
  const hookPod = sets('podLabels.sim\\.kubeopencode\\.io/outcome=never');

  beforeAll(async () => {
    await helm('install', RELEASE.name, CHART, ...namespaced, '--create-namespace', ...hookPod);
  });

  it('is installed with the definitions, and its host runs Tasks', async () => {
    const namespace = await kube.namespace();
    const host = await start(await podOfDeployment(kube.api, RELEASE.namespace, CONTROLLER));
    await create(kube.cluster, template(namespace, 'plain', { 'run-for': '1s' }), task(namespace, 'plain'));
    expect((await untilFinished(kube.cluster, namespace, 'plain')).status?.phase).toBe('Completed');
    await host.kill('SIGTERM');
    expect(missingRights(auditOf(controlPlane.auditLog, { namespace: RELEASE.namespace, name: CONTROLLER }))).toEqual([]);
  });

  it('brings the definitions up to date when it is upgraded, and keeps what was stored', async () => {
    const namespace = await kube.namespace();
    await create(kube.cluster, template(namespace, 'kept'), task(namespace, 'kept', { suspend: true, priority: 7 }));
    const knows = async (): Promise<string> => kube.kubectl(['explain', 'task.spec.retry']).catch(() => 'unknown');
    expect(await knows()).toContain('limit');
    // As an older release had it: no retries.
    const path = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/retry';
    await kube.kubectl(['patch', 'crd', 'tasks.kubeopencode.io', '--type=json', '-p', JSON.stringify([{ op: 'remove', path }])]);
    await helm('upgrade', RELEASE.name, CHART, ...namespaced, ...hookPod, ...sets('replicas=2', 'logLevel=debug'), '--force-conflicts');
    const crd = JSON.stringify(await kube.api.expect('GET', CRD));
    expect(crd).toContain('"retry":{');
    const kept = (await ok(kube.cluster.get({ kind: 'Task', namespace, name: 'kept' }))) as KubernetesObject & { spec: object };
    expect(kept.spec).toMatchObject({ priority: 7 });
    const { spec } = await podOfDeployment(kube.api, RELEASE.namespace, CONTROLLER);
    expect(spec.containers[0].args).toContain('--log-level=debug');
    await untilCode(kube, `/apis/policy/v1/namespaces/${RELEASE.namespace}/poddisruptionbudgets/${CONTROLLER}`, 200);
  });

  it('leaves nothing stuck when it goes: its last Pod lets go of the others, after the controller', async () => {
    const namespace = await kube.namespace();
    const host = await start(await podOfDeployment(kube.api, RELEASE.namespace, CONTROLLER));
    for (const name of ['runs', 'ends']) {
      await create(kube.cluster, template(namespace, name, { outcome: 'never', 'stop-after': '0s' }), task(namespace, name));
      await untilPodRuns(kube.cluster, namespace, name);
    }
    const uninstalled = helm('uninstall', RELEASE.name, ...namespaced, '--timeout', '60s');
    uninstalled.catch(() => undefined);
    const hook = await hookPodOf();
    // The controller has not heard of it yet; it still leads and holds its Pods.
    const releaser = await start(hook);
    await untilSaid(releaser, 'waiting until the controller has given up the lead');
    expect(releaser.endedWith()).toBeUndefined();
    expect((await ok(kube.cluster.get(podAt(namespace, 'runs-pod')))).metadata.finalizers).toContain(POD_FINALIZER);
    await host.kill('SIGTERM');
    expect(await releaser.ended).toBe('exit code 0');
    const phase = { status: { phase: 'Succeeded', containerStatuses: [] } };
    await kube.kubectl([
      '-n',
      hook.namespace,
      'patch',
      'pod',
      hook.name,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify(phase),
    ]);
    expect(await uninstalled).toContain('uninstalled');
    const account = { namespace: hook.namespace, name: hook.spec.serviceAccountName };
    expect(missingRights(auditOf(controlPlane.auditLog, account))).toEqual([]);

    // Nothing of the release is left, but for the definitions, with the Tasks.
    const kinds = 'deployments,serviceaccounts,roles,rolebindings,services,poddisruptionbudgets,pods,clusterroles,clusterrolebindings';
    const left = await kube.kubectl(['get', kinds, '-A', '-l', 'app.kubernetes.io/part-of=kubeopencode', '-o', 'name']);
    expect(left).toBe('');
    await untilCode(kube, CRD, 200);
    const running = (await ok(kube.cluster.get(podAt(namespace, 'runs-pod')))) as Pod;
    expect(isPodRunning(running)).toBe(true);
    expect(running.metadata.finalizers ?? []).toEqual([]);
    // So whatever people delete next goes.
    await kube.kubectl(['-n', namespace, 'delete', 'pod', 'ends-pod', '--timeout=20s']);
    await kube.kubectl(['delete', 'namespace', namespace, '--timeout=40s']);
    await untilGone(kube.cluster, podAt(namespace, 'runs-pod'));
  });

  async function untilSaid({ logFile, tail }: Member, text: string): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (readFileSync(logFile, 'utf8').includes(text)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`waiting for "${text}" in the log of the hook: it did not come within 30 s; it says\n${tail()}`);
  }

  async function hookPodOf(): Promise<DeployedPod> {
    const name = `${CONTROLLER}-release-pods`;
    const pod = await until<Pod>(kube.cluster, podAt(RELEASE.namespace, name), 'to be made by the hook', () => true);
    return { namespace: RELEASE.namespace, name, spec: pod.spec as unknown as DeployedPod['spec'] };
  }
});
