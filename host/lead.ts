import type { Clock } from './clock.ts';
import { sleep } from './clock.ts';
import type { Controller } from './controller/controller.ts';
import type { HostConfig } from './flags.ts';
import type { HostEnd, HostParts } from './host.ts';
import { createElector, type Elector } from './leader/elector.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import { observeCluster } from './observe/observed-cluster.ts';

/** Longest wait for the work in hand when the process is asked to end; what is on the wire then is aborted. Less than a Pod's usual 30 s of grace. */
const DRAIN_MS = 20_000;

/** The only replica, by the user's word. */
export async function leadAtOnce(
  { clock, log }: HostParts,
  controller: Controller,
  metrics: Metrics,
  shutdown: AbortSignal,
): Promise<HostEnd> {
  const leading = new AbortController();
  metrics.leading(true);
  const started = controller.start(leading.signal);
  await aborted(shutdown);
  await drain(clock, log, controller);
  leading.abort(new Error('the host has ended'));
  await Promise.all([started, controller.stop()]);
  metrics.leading(false);
  return 'Stopped';
}

/** Losing the lead ends the host, as with controller-runtime: a fresh process has no old knowledge. `onElector`: who is to be asked whether this one may act. */
export async function leadWhenElected(
  config: HostConfig,
  parts: HostParts,
  controller: Controller,
  metrics: Metrics,
  shutdown: AbortSignal,
  onElector: (elector: Elector) => void,
): Promise<HostEnd> {
  const { clock, log, identity } = parts;
  const { leaderElection: durations } = config;
  const lease = { namespace: parts.leaseNamespace, name: durations.leaseName };
  let isLeading = false;
  const elector = createElector({
    cluster: observeCluster(parts.leaseCluster, clock, metrics),
    clock,
    lease,
    config: {
      identity,
      leaseDurationMs: durations.leaseDurationMs,
      renewDeadlineMs: durations.renewDeadlineMs,
      retryPeriodMs: durations.retryPeriodMs,
    },
    onStartedLeading: (signal, transitions) => {
      isLeading = true;
      metrics.leading(true);
      log.info('leading', { lease, identity, transitions });
      signal.addEventListener('abort', () => metrics.leading(false), { once: true });
      void controller
        .start(signal)
        .then((how) => log.info(how === 'Started' ? 'deciding' : 'ended before the first decision', { identity }));
    },
    onNewLeader: (leader) => log.info('standing by', { lease, leader }),
    onCallFailed: (call, message) => log.warn(`lease ${call}: ${message}`, { lease }),
  });
  onElector(elector);
  void aborted(shutdown).then(async () => {
    if (isLeading) await drain(clock, log, controller);
    elector.release();
  });
  const outcome = await elector.run();
  await controller.stop();
  if (outcome === 'Lost') log.error('the lead is lost; this process ends so that a fresh one stands by', { lease, identity });
  return outcome === 'Lost' ? 'Lost' : 'Stopped';
}

/** Lets the work in hand end, but not for ever. */
async function drain(clock: Clock, log: Log, controller: Controller): Promise<void> {
  log.info('asked to end: finishing the work in hand', { active: controller.counts().active });
  const patience = new AbortController();
  const timeout = sleep(clock, DRAIN_MS, patience.signal).then(
    () => 'TimedOut' as const,
    () => 'Over' as const,
  );
  const how = await Promise.race([controller.stop().then(() => 'Done' as const), timeout]);
  if (how === 'TimedOut') log.warn(`the work in hand did not end within ${DRAIN_MS / 1000} s: it is aborted`);
  patience.abort();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
