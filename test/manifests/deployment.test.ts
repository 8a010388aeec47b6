import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseFlags } from '#host/flags.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { type Document, documentsIn, type HostContainer, type PodTemplateSpec } from './documents.ts';

const root = 'host/manifests';
const base = documentsIn(`${root}/base`);
const controller = documentsIn(`${root}/controller`);
const deployment = controller.find(({ kind }) => kind === 'Deployment');
const { pod, container } = podOf(deployment);

function podOf(document: Document | undefined): { readonly pod: PodTemplateSpec; readonly container: HostContainer } {
  const spec = document?.spec?.template?.spec;
  const only = spec?.containers[0];
  if (spec === undefined || only === undefined)
    throw new Error('reading host/manifests/controller: expected a Deployment with one container');
  return { pod: spec, container: only };
}

test('the host understands the arguments that the Deployment gives it', () => {
  const env = Object.fromEntries(container.env.map(({ name }) => [name, 'kubeopencode-system']));
  expect(parseFlags(container.args, env, '0.0.0')).toMatchObject({
    type: 'Run',
    config: { namespaces: [], leaderElection: { enabled: true, leaseNamespace: 'kubeopencode-system' } },
  });
});

test('the overlay for one namespace makes the host work in its own only', () => {
  const { patches } = parse(readFileSync(`${root}/overlays/single-namespace/kustomization.yaml`, 'utf8'));
  const [{ value }] = parse(patches[0].patch) as [{ value: { name: string; valueFrom: unknown } }];
  expect(value.valueFrom).toEqual({ fieldRef: { fieldPath: 'metadata.namespace' } });
  expect(parseFlags(container.args, { [value.name]: 'team-a' }, '0.0.0')).toMatchObject({
    type: 'Run',
    config: { namespaces: ['team-a'] },
  });
});

test('the component for a journal has room for it', () => {
  const { patches } = parse(readFileSync(`${root}/components/journal/kustomization.yaml`, 'utf8'));
  const operations = parse(patches[0].patch) as readonly { readonly value: string }[];
  const parsed = parseFlags([...container.args, ...operations.map(({ value }) => value)], {}, '0.0.0');
  const { spec } = parse(readFileSync(`${root}/components/journal/volume.yaml`, 'utf8')).spec.template;
  const folder = spec.containers[0].volumeMounts[0].mountPath;
  expect(parsed).toMatchObject({ type: 'Run', config: { journal: { folder, maxSizeBytes: 256 * 2 ** 20 } } });
  expect(spec.volumes[0].emptyDir.sizeLimit).toBe('320Mi');
});

test('the image is named in one place, with the version of this release', () => {
  const { images } = parse(readFileSync(`${root}/controller/kustomization.yaml`, 'utf8'));
  expect(images).toEqual([{ name: container.image, newTag: packageJson.version }]);
  const files = readdirSync(root, { recursive: true }).map(String);
  const others = files.filter((file) => file.endsWith('.yaml') && !file.startsWith('chart/') && file !== 'controller/kustomization.yaml');
  expect(others.filter((file) => readFileSync(join(root, file), 'utf8').includes(`${container.image}:`))).toEqual([]);
});

test('the probes ask where the host answers', () => {
  const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  expect(container.args).toContain(`--health-probe-bind-address=:${ports.health}`);
  expect(container.args).toContain(`--metrics-bind-address=:${ports.metrics}`);
  const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
  expect(probes.map(({ httpGet }) => `${httpGet.port}${httpGet.path}`)).toEqual(['health/healthz', 'health/healthz', 'health/readyz']);
});

test('the Pod meets the restricted Pod security standard, which its namespace enforces', () => {
  const namespace = base.find(({ kind }) => kind === 'Namespace');
  for (const mode of ['enforce', 'audit', 'warn'])
    expect(namespace?.metadata.labels).toMatchObject({ [`pod-security.kubernetes.io/${mode}`]: 'restricted' });
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect(container.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('the Deployment runs as the ServiceAccount that the roles are bound to', () => {
  const account = base.find(({ kind }) => kind === 'ServiceAccount');
  expect(pod.serviceAccountName).toBe(account?.metadata.name);
  expect(deployment?.metadata.namespace).toBe(account?.metadata.namespace);
});

const folders = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('kustomization.yaml'))
  .map((file) => file.slice(0, -'kustomization.yaml'.length));

test.each(folders)('host/manifests/%s lists every manifest of its folder, and only what is there', (folder) => {
  const {
    resources = [],
    components = [],
    patches = [],
  } = parse(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const used = [...resources, ...components, ...patches.flatMap(({ path }) => (path === undefined ? [] : [path]))];
  expect(used.length + patches.length).toBeGreaterThan(0);
  expect(used.filter((path) => !existsSync(join(root, folder, path)))).toEqual([]);
  const files = folder === '' ? [] : readdirSync(join(root, folder), { recursive: true }).map(String);
  const manifests = files.filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  expect(manifests.filter((file) => !used.includes(file))).toEqual([]);
});

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly { readonly path?: string }[];
}
