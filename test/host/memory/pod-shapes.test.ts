import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#core/api/kubernetes.ts';
import { ApiServer } from '#host/cluster/memory/api-server.ts';
import { evictByApi } from '#host/cluster/memory/disruption.ts';
import { Kubelet } from '#host/cluster/memory/kubelet.ts';
import { podScript } from '#host/cluster/memory/pod-script.ts';
import { Scheduler } from '#host/cluster/memory/scheduler.ts';
import { VirtualClock } from '#host/virtual-clock.ts';

/** Real Pods (Kubernetes 1.37) and what was done to each: the model must leave the same object, but for times, addresses and identifiers. */
const cases: readonly {
  readonly fixture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly act?: 'deadline' | 'delete' | 'evict';
}[] = [
  { fixture: 'short', labels: { 'run-for': '3s' } },
  { fixture: 'retain', labels: { outcome: 'never', 'stop-after': '1s', 'stop-exit-code': '0' }, act: 'deadline' },
  { fixture: 'ignore', labels: { outcome: 'never', 'stop-after': '1h' }, act: 'deadline' },
  { fixture: 'held', labels: { outcome: 'never', 'stop-after': '1s', 'stop-exit-code': '0' }, act: 'delete' },
  { fixture: 'evicted', labels: { outcome: 'never', 'stop-after': '1h' }, act: 'evict' },
];

describe('the kubelet model leaves Pods as a real kubelet does', () => {
  it.each(cases)('$fixture', async ({ fixture, labels, act }) => {
    const real = JSON.parse(readFileSync(new URL(`../../fixtures/pods/${fixture}.json`, import.meta.url), 'utf8')) as Pod;
    const clock = new VirtualClock();
    const server = new ApiServer({ clock, freeze: true });
    const kubelet = new Kubelet(server, {
      assume: () => podScript({ metadata: { name: '', labels: simulated(labels) }, spec: { containers: [] } }),
    });
    new Scheduler(server, { scriptOf: (pod) => kubelet.scriptOf(pod), nodes: [{ name: 'localhost', pods: 1 }] });
    const { nodeName: _, activeDeadlineSeconds: __, ...spec } = real.spec;
    const { name, namespace = '', finalizers = [], labels: own = {} } = real.metadata;
    const address = { kind: 'Pod', namespace, name } as const;
    server.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: own, finalizers }, ...{ spec } });
    await clock.advance(act === undefined ? 10_000 : 4_000);
    if (act === 'deadline') server.patch(address, { spec: { activeDeadlineSeconds: 1 } }, { patchType: 'merge' });
    if (act === 'delete') server.delete(address, {});
    if (act === 'evict') evictByApi(server, address);
    await clock.advance(10_000);
    const model = server.find(address) as unknown as Pod;
    expect(comparable(model)).toEqual(comparable(real));
    expect(order(model)).toEqual(order(real));
  });
});

function simulated(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`sim.kubeopencode.io/${key}`, value]));
}

/** A Pod without what differs from run to run: whether a time, an address or an identifier is there is compared, its value is not. */
function comparable({ metadata, spec, status }: Pod): unknown {
  const { resources: _, ...rest } = (status ?? {}) as Readonly<Record<string, unknown>>;
  const { annotations: __, resourceVersion: ___, ...meta } = metadata;
  const { serviceAccount: ____, ...ofSpec } = spec as unknown as Readonly<Record<string, unknown>>;
  return blur({ metadata: meta, spec: ofSpec, status: rest });
}

const BLURRED = /^(.*At|.*Time|.*Timestamp|uid|.*ID|.*IPs?|startTime)$/;

function blur(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blur);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, BLURRED.test(key) ? (field === null ? null : 'some') : blur(field)]),
  );
}

/** Order of the moments that a Pod's status tells of, and whether the container ended after the deadline or request that ended it. */
function order({ status }: Pod): unknown {
  const { startedAt = '', finishedAt = '' } = status?.containerStatuses?.[0]?.state?.terminated ?? {};
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
  return {
    ranAfterAcceptance: startedAt >= (status?.startTime ?? ''),
    unreadyBeforeEnd: ready < finishedAt,
    endedAfterStart: finishedAt > startedAt,
  };
}
