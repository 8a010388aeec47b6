import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseFlags } from '#host/flags.ts';
import { type Document, documentsIn, type HostContainer, type PodTemplateSpec } from './documents.ts';

const root = 'host/manifests';
const base = documentsIn(`${root}/base`);
const deployment = base.find(({ kind }) => kind === 'Deployment');
const { pod, container } = podOf(deployment);

function podOf(document: Document | undefined): { readonly pod: PodTemplateSpec; readonly container: HostContainer } {
  const spec = document?.spec?.template?.spec;
  const only = spec?.containers[0];
  if (spec === undefined || only === undefined) throw new Error('reading host/manifests/base: expected a Deployment with one container');
  return { pod: spec, container: only };
}

test('the host understands the arguments that the Deployment gives it', () => {
  const env = Object.fromEntries(container.env.map(({ name }) => [name, 'kubeopencode-system']));
  expect(parseFlags(container.args, env, '0.0.0')).toMatchObject({
    type: 'Run',
    config: { namespaces: [], leaderElection: { enabled: true, leaseNamespace: 'kubeopencode-system' } },
  });
});

test('the host understands the arguments that the overlay for one namespace adds', () => {
  const { patches } = parse(readFileSync(`${root}/overlays/single-namespace/kustomization.yaml`, 'utf8'));
  const added = patches.flatMap(({ target, patch }: { target?: unknown; patch: string }) => (target === undefined ? [] : parse(patch)));
  const args = [...container.args, ...added.map(({ value }: { value: string }) => value)];
  const tasks = documentsIn(`${root}/overlays/single-namespace`).find(({ kind }) => kind === 'Namespace');
  expect(parseFlags(args, {}, '0.0.0')).toMatchObject({ type: 'Run', config: { namespaces: [tasks?.metadata.name] } });
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
  expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
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

test.each(['.', 'base', 'overlays/high-availability', 'overlays/single-namespace'])(
  '%s lists every manifest of its folder, and only what is there',
  (folder) => {
    const { resources } = parse(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8')) as { resources: readonly string[] };
    expect(resources.filter((path) => !existsSync(join(root, folder, path)))).toEqual([]);
    const files = readdirSync(join(root, folder), { recursive: folder === 'base' }).map(String);
    const manifests = files.filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
    expect(manifests.filter((file) => !resources.includes(file))).toEqual([]);
  },
);
