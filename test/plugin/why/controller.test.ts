import { expect, test } from 'vitest';
import type { Cluster, Result } from '#host/cluster/cluster.ts';
import type { WhyController } from '#plugin/contract/values.ts';
import { controllerOf } from '#plugin/why/controller.ts';

const LEASE = { namespace: 'system', name: 'lead' };
const NOW = Date.parse('2026-01-01T10:00:00Z');

function answering(result: Result<object>): Pick<Cluster, 'get'> {
  return { get: () => Promise.resolve(result as Awaited<ReturnType<Cluster['get']>>) };
}

const lease = (spec: object) => answering({ ok: true, value: { metadata: LEASE, spec } });
const refused = (code: number, reason: string) => answering({ ok: false, error: { type: 'Refused', code, reason, message: 'no' } });

test.each<[name: string, cluster: Pick<Cluster, 'get'>, state: WhyController['state'], says: RegExp]>([
  [
    'renewed a moment ago',
    lease({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T09:59:58.000000Z' }),
    'Leads',
    /^a leads, by Lease system\/lead of 2s ago$/,
  ],
  [
    'by a clock that is ahead of this one',
    lease({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T10:03:00.000000Z' }),
    'Leads',
    /of 0s ago$/,
  ],
  [
    'late, as in a hand-over',
    lease({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T09:59:10.000000Z' }),
    'Leads',
    /of 50s ago$/,
  ],
  [
    'not renewed for long',
    lease({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T09:55:00.000000Z' }),
    'Gone',
    /^a has not renewed Lease system\/lead for 5m$/,
  ],
  [
    'a long lease counts for longer',
    lease({ holderIdentity: 'a', leaseDurationSeconds: 120, renewTime: '2026-01-01T09:55:00.000000Z' }),
    'Leads',
    /of 5m ago$/,
  ],
  [
    'given back',
    lease({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: '2026-01-01T09:59:30.000000Z' }),
    'Gone',
    /^nobody holds Lease system\/lead; it was given back 30s ago$/,
  ],
  ['without a time', lease({ holderIdentity: 'a', leaseDurationSeconds: 15 }), 'Gone', /^a has never renewed Lease system\/lead$/],
  ['no Lease', refused(404, 'NotFound'), 'Unknown', /^no Lease system\/lead: a controller without --leader-elect, or elsewhere, may run$/],
  ['forbidden', refused(403, 'Forbidden'), 'Unknown', /a role must allow verb get on leases.coordination.k8s.io/],
])('a Lease %s', async (_name, cluster, state, says) => {
  const told = await controllerOf(cluster, LEASE, NOW);
  expect(told).toMatchObject({ state, lease: 'system/lead', says: expect.stringMatching(says) });
});
