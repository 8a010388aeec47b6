import { describe, expect, test } from 'vitest';
import type { CaBundle, Proxy as ProxySpec } from '#core/api/agent-parts.ts';
import type { OpenTelemetry } from '#core/api/config.ts';
import { built, envOf, refusal } from './support.ts';

const plain = built({});

function addedEnv(given: Parameters<typeof built>[0]) {
  const before = (plain.main.env ?? []).length;
  return (built(given).main.env ?? []).slice(before);
}

describe('proxy', () => {
  test.each<[string, ProxySpec, string | undefined, readonly string[]]>([
    [
      'http alone',
      { httpProxy: 'http://p' },
      undefined,
      ['HTTP_PROXY=http://p', 'http_proxy=http://p', 'NO_PROXY=.svc,.cluster.local', 'no_proxy=.svc,.cluster.local'],
    ],
    [
      'https alone',
      { httpsProxy: 'http://p' },
      undefined,
      ['HTTPS_PROXY=http://p', 'https_proxy=http://p', 'NO_PROXY=.svc,.cluster.local', 'no_proxy=.svc,.cluster.local'],
    ],
    ['people’s exceptions first', { noProxy: 'a,b' }, undefined, ['NO_PROXY=a,b,.svc,.cluster.local', 'no_proxy=a,b,.svc,.cluster.local']],
    [
      'nothing is added twice',
      { noProxy: '.svc.cluster.local' },
      undefined,
      ['NO_PROXY=.svc.cluster.local', 'no_proxy=.svc.cluster.local'],
    ],
    ['the cluster’s own domain', {}, 'corp.example', ['NO_PROXY=.svc,.corp.example', 'no_proxy=.svc,.corp.example']],
  ])('%s', (_, proxy, clusterDomain, expected) => {
    const added = addedEnv({ template: { proxy }, config: clusterDomain === undefined ? {} : { clusterDomain } });
    expect(added.map(({ name, value }) => `${name}=${value}`)).toEqual(expected);
  });

  test('none: no variables', () => {
    expect(addedEnv({ config: { clusterDomain: 'corp.example' } })).toEqual([]);
  });
});

describe('CA bundle', () => {
  test.each<[string, CaBundle, object]>([
    ['ConfigMap', { configMapRef: { name: 'ca' } }, { configMap: { name: 'ca', items: [{ key: 'ca-bundle.crt', path: 'tls.crt' }] } }],
    [
      'ConfigMap with a key',
      { configMapRef: { name: 'ca', key: 'k' } },
      { configMap: { name: 'ca', items: [{ key: 'k', path: 'tls.crt' }] } },
    ],
    ['Secret', { secretRef: { name: 'ca', key: '' } }, { secret: { secretName: 'ca', items: [{ key: 'ca.crt', path: 'tls.crt' }] } }],
    [
      'Secret with a key',
      { secretRef: { name: 'ca', key: 'k' } },
      { secret: { secretName: 'ca', items: [{ key: 'k', path: 'tls.crt' }] } },
    ],
  ])('%s', (_, caBundle, source) => {
    const { volume, inits, main } = built({ template: { caBundle }, task: { description: 'x' } });
    expect(volume('ca-bundle')).toEqual({ name: 'ca-bundle', ...source });
    for (const container of [...inits, main]) {
      expect(container.volumeMounts).toContainEqual({ name: 'ca-bundle', mountPath: '/etc/ssl/certs/custom-ca', readOnly: true });
      expect(envOf(container).CUSTOM_CA_CERT_PATH).toBe('/etc/ssl/certs/custom-ca/tls.crt');
    }
  });

  test.each<[string, CaBundle]>([
    ['no source', {}],
    ['two sources', { configMapRef: { name: 'a' }, secretRef: { name: 'b' } }],
  ])('%s is refused', (_, caBundle) => {
    expect(refusal({ template: { caBundle } })).toEqual({
      reason: 'AgentError',
      message: 'caBundle: exactly one of configMapRef and secretRef must be specified',
    });
  });
});

describe('OpenTelemetry', () => {
  const telemetry = (more: Partial<OpenTelemetry> = {}) => ({
    observability: { openTelemetry: { enabled: true, endpoint: 'http://otel:4318', ...more } },
  });
  const own =
    'kubeopencode.task.name=fix-bug,kubeopencode.task.namespace=team-a,kubeopencode.agent.name=go,k8s.namespace.name=team-a,k8s.pod.name=fix-bug-pod';
  const secret = (name: string) => ({ valueFrom: { secretKeyRef: { name, key: 'k' } } });

  test('endpoint and attributes', () => {
    expect(addedEnv({ config: telemetry() })).toEqual([
      { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://otel:4318' },
      { name: 'OTEL_RESOURCE_ATTRIBUTES', value: own },
    ]);
  });

  test.each([
    ['switched off', telemetry({ enabled: false })],
    ['no endpoint', telemetry({ endpoint: '' })],
    ['not configured', { observability: {} }],
  ])('%s: nothing', (_, config) => {
    expect(addedEnv({ config })).toEqual([]);
  });

  test('headers: sorted; secrets through variables that the kubelet resolves', () => {
    const headers = { 'x-team': { value: 'a' }, Authorization: secret('s'), empty: { value: '' } };
    expect(addedEnv({ config: telemetry({ headers }) }).slice(1, 3)).toEqual([
      { name: 'OTEL_HEADER_AUTHORIZATION', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'OTEL_EXPORTER_OTLP_HEADERS', value: 'Authorization=$(OTEL_HEADER_AUTHORIZATION),x-team=a' },
    ]);
  });

  test('two headers with the same letters keep their own secrets', () => {
    const added = addedEnv({ config: telemetry({ headers: { 'x-key': secret('one'), x_key: secret('two') } }) });
    const [first, second, list] = added.slice(1, 4);
    expect(first).toMatchObject({ name: 'OTEL_HEADER_X_KEY', ...secret('one') });
    expect(second).toMatchObject(secret('two'));
    expect(second?.name).toMatch(/^OTEL_HEADER_X_KEY_[0-9A-F]{8}$/);
    expect(list?.value).toBe(`x-key=$(OTEL_HEADER_X_KEY),x_key=$(${second?.name})`);
  });

  test('attributes of people’s own: behind ours, sorted', () => {
    expect(envOf(built({ config: telemetry({ resourceAttributes: { team: 'x', area: 'y' } }) }).main).OTEL_RESOURCE_ATTRIBUTES).toBe(
      `${own},area=y,team=x`,
    );
  });

  test('the Agent’s name, and the Pod of the attempt', () => {
    const { main } = built({ agent: {}, config: telemetry(), attempt: 2 });
    expect(envOf(main).OTEL_RESOURCE_ATTRIBUTES).toContain(
      'kubeopencode.agent.name=coder,k8s.namespace.name=team-a,k8s.pod.name=fix-bug-pod-2',
    );
  });

  test('content is recorded on wish', () => {
    expect(addedEnv({ config: telemetry({ recordContent: true }) }).at(-1)).toEqual({
      name: 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
      value: 'true',
    });
  });
});
