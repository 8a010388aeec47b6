import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Cluster } from '#host/cluster/cluster.ts';
import { failureText, isAbsent, type Reached } from '../cluster/failure.ts';
import type { WhyController } from '../contract/values.ts';
import { wholeSeconds } from './facts.ts';

/** Where the Lease of a controller’s leader lies. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** A Lease counts as left when it was not renewed for so many of its lengths, and for so long at least: clocks differ, and a hand-over takes a while. */
const STALE_LEASES = 4;
const LEAST_STALE_MS = 60_000;

export async function controllerOf(cluster: Pick<Cluster, 'get'> & Reached, lease: LeaseName, nowMs: number): Promise<WhyController> {
  const told = { lease: `${lease.namespace}/${lease.name}` };
  const address = { kind: 'Lease', ...lease } as const;
  const got = await cluster.get(address);
  if (!got.ok) {
    const says = isAbsent(got.error)
      ? `no Lease ${told.lease}: a controller without --leader-elect, or elsewhere, may run`
      : failureText({ verb: 'get', ...address }, got.error, cluster);
    return { state: 'Unknown', ...told, says };
  }
  const { holderIdentity, renewTime, leaseDurationSeconds } = recordIn(got.value);
  const renewedMs = Date.parse(renewTime ?? '');
  const ago = Number.isNaN(renewedMs) ? undefined : wholeSeconds(nowMs - renewedMs);
  const facts = {
    ...told,
    ...(holderIdentity === '' ? {} : { holder: holderIdentity }),
    ...(renewTime === undefined || ago === undefined ? {} : { renewedAt: renewTime, ago }),
  };
  if (holderIdentity === '') {
    return {
      state: 'Gone',
      ...facts,
      says: `nobody holds Lease ${told.lease}${ago === undefined ? '' : `; it was given back ${ago} ago`}`,
    };
  }
  const isStale = nowMs - renewedMs > Math.max(LEAST_STALE_MS, STALE_LEASES * leaseDurationSeconds * 1_000);
  if (ago === undefined) return { state: 'Gone', ...facts, says: `${holderIdentity} has never renewed Lease ${told.lease}` };
  return isStale
    ? { state: 'Gone', ...facts, says: `${holderIdentity} has not renewed Lease ${told.lease} for ${ago}` }
    : { state: 'Leads', ...facts, says: `${holderIdentity} leads, by Lease ${told.lease} of ${ago} ago` };
}

interface LeaseRecord {
  /** Empty: nobody holds it. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  readonly renewTime?: string;
}

/** What of a Lease tells about its holder; anybody may have written it. */
function recordIn(lease: KubernetesObject): LeaseRecord {
  const spec: Readonly<Record<string, unknown>> = 'spec' in lease && typeof lease.spec === 'object' ? { ...lease.spec } : {};
  const { holderIdentity, leaseDurationSeconds, renewTime } = spec;
  return {
    holderIdentity: typeof holderIdentity === 'string' ? holderIdentity : '',
    leaseDurationSeconds: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds : 0,
    ...(typeof renewTime === 'string' ? { renewTime } : {}),
  };
}
