import type { Pod } from '#core/api/kubernetes.ts';

/** What is there or not, but differs from run to run in its value: times, addresses, identifiers. */
const BLURRED = /^(.*At|.*Time|.*Timestamp|uid|.*ID|.*IPs?)$/;

/** What a Pod is, without what differs from run to run: whether a time, an address or an identifier is there is compared, its value is not. */
export function comparable(pod: Pod): unknown {
  const { metadata, spec, status } = pod;
  // Of the whole Pod's resources a kubelet tells for resizing, which nothing here does.
  const { resources: _, allocatedResources: _________, ...rest } = (status ?? {}) as Readonly<Record<string, unknown>>;
  const {
    annotations: __,
    labels: ___,
    resourceVersion: ____,
    name: _____,
    namespace: ______,
    managedFields: __________,
    ...meta
  } = metadata as typeof metadata & {
    readonly managedFields?: unknown;
  };
  const { serviceAccount: _______, ...ofSpec } = spec as unknown as Readonly<Record<string, unknown>>;
  return blur({ metadata: meta, spec: ofSpec, status: isGoing(pod) ? withoutSandbox(rest) : rest });
}

/** A kubelet that deletes a Pod takes its sandbox before or after its last word of it, by a hair. */
function isGoing({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && (status?.phase === 'Failed' || status?.phase === 'Succeeded');
}

function withoutSandbox({ podIP: _, podIPs: __, ...status }: Readonly<Record<string, unknown>>): object {
  const conditions = (status.conditions ?? []) as readonly { readonly type: string; readonly message?: string }[];
  return {
    ...status,
    conditions: conditions.map((condition) =>
      condition.type === 'PodReadyToStartContainers' ? { ...condition, message: '(of the sandbox)' } : condition,
    ),
  };
}

function blur(value: unknown, key = ''): unknown {
  if (BLURRED.test(key) && value !== '') return value === null ? null : 'some';
  if (typeof value === 'string') return blurText(value);
  if (Array.isArray(value)) return value.map((item) => blur(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, blur(field, name)]));
}

/** Of what a node says about itself and a registry only the kubelet's own words. */
function blurText(text: string): string {
  return text
    .replace(/(rpc error: code = \w+ desc = )?failed to pull and unpack image .*/s, '(why)')
    .replace(/\(?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\)?/g, '(uid)')
    .replace(/pod=\S+\(uid\)/, 'pod=(pod)')
    .replace(/requested: \d+, used: \d+, capacity: \d+/, 'requested, used, capacity');
}
