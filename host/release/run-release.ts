import type { HostConfig } from '../flags.ts';
import type { HostParts } from '../host.ts';
import { createElector } from '../leader/elector.ts';
import { type ReleasePodsEnd, releasePods } from './release-pods.ts';

/** What `--release-pods` needs of a host. */
export type ReleaseParts = Pick<HostParts, 'clock' | 'cluster' | 'leaseCluster' | 'log' | 'identity' | 'leaseNamespace'>;

/**
 * `--release-pods`: lets go of all Pods instead of running Tasks, and ends. With `--leader-elect` only once the lead is its own, so that a
 * controller that still ends, or one that was forgotten, holds no Pod anew behind its back.
 */
export async function runRelease(
  config: Pick<HostConfig, 'namespaces' | 'leaderElection'>,
  parts: ReleaseParts,
  shutdown: AbortSignal,
): Promise<ReleasePodsEnd> {
  const { clock, cluster, leaseCluster, log, identity } = parts;
  const { leaderElection, namespaces } = config;
  const options = { cluster, clock, log, namespaces };
  if (!leaderElection.enabled) return releasePods(options, shutdown);
  const lease = { namespace: parts.leaseNamespace, name: leaderElection.leaseName };
  let end: ReleasePodsEnd = 'Stopped';
  const elector = createElector({
    cluster: leaseCluster,
    clock,
    lease,
    config: { ...leaderElection, identity },
    onStartedLeading: (signal) => {
      log.info('leading', { lease, identity });
      void releasePods(options, AbortSignal.any([signal, shutdown])).then((how) => {
        end = how;
        elector.release();
      });
    },
    onNewLeader: (leader) => log.info('waiting until the controller has given up the lead', { lease, leader }),
    onCallFailed: (call, message) => log.warn(`lease ${call}: ${message}`, { lease }),
  });
  shutdown.addEventListener('abort', () => elector.release(), { once: true });
  await elector.run();
  return end;
}
