import fc from 'fast-check';
import { frozen } from './support.ts';

/** Objects that use every field, for tests that put junk in their places. */
export const clusterSpec = frozen({
  clusterDomain: 'corp.example',
  observability: { openTelemetry: { enabled: true, endpoint: 'http://otel', headers: { a: { value: 'b' } } } },
});
export const agentSpec = frozen({
  workspaceDir: '/workspace',
  serviceAccountName: 'runner',
  command: ['x'],
  config: { skills: { paths: ['/x'] }, plugin: ['x'] },
  contexts: [
    { type: 'Text', text: 'x', name: 'n' },
    { type: 'ConfigMap', configMap: { name: 'guide', key: 'k' }, mountPath: '/etc/x/y', fileMode: 1 },
    { type: 'Runtime' },
  ],
  skills: [{ name: 's', git: { repository: 'r', names: ['a'], ref: 'x', depth: 1, secretRef: { name: 's' } } }],
  plugins: [
    { name: 'p', options: {} },
    { name: 'q', target: 'tui' },
  ],
  credentials: [{ name: 'c', secretRef: { name: 's', key: 'k' }, env: 'E', mountPath: '/m', fileMode: 1 }],
  podSpec: {
    labels: { a: 'b' },
    annotations: {},
    extraEnv: [{ name: 'A', value: 'b' }],
    resources: { limits: { cpu: 1 } },
    scheduling: { tolerations: [{ operator: 'Exists' }] },
    systemContainers: { gitInit: { extraEnv: [{ name: 'B' }] } },
  },
  caBundle: { configMapRef: { name: 'ca' } },
  proxy: { httpProxy: 'x' },
  imagePullSecrets: [{ name: 'x' }],
  quota: { maxTaskStarts: 1, windowSeconds: 60 },
  taskDefaults: { timeout: '1h' },
});
export const taskSpec = frozen({
  description: 'x',
  contexts: [
    { type: 'Git', git: { repository: 'r', path: 'p' }, mountPath: 'src' },
    { type: 'ConfigMap', configMap: { name: 'guide' } },
  ],
});
const junk = fc.anything({ maxDepth: 2, withNullPrototype: false }).filter(isJson);

/** The object with junk in place of one of its values, at any depth. */
const spoilt = (object: unknown): fc.Arbitrary<unknown> => {
  const places = pathsOf(object);
  return fc.tuple(fc.nat({ max: places.length - 1 }), junk).map(([index, value]) => replaced(object, places[index] ?? [], value));
};
/** The object, the object spoilt, or junk altogether. */
export const either = (object: unknown): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: spoilt(object) }, { weight: 1, arbitrary: junk }, { weight: 3, arbitrary: fc.constant(object) });
export const guide = frozen({ data: { k: 'v' } });

function isJson(value: unknown): boolean {
  if (value === null || ['string', 'boolean'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return Object.keys(value).length === value.length && value.every(isJson);
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
}

function pathsOf(value: unknown): readonly string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]))];
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null) return by;
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? replaced(item, rest, by) : item));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, name === key ? replaced(item, rest, by) : item]));
}
