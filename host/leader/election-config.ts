/** Rules of client-go `tools/leaderelection`, with two that are stricter: the renew deadline counts from the moment the last good write was SENT, and the end of a foreign lease is waited for exactly instead of being met by the next poll. */
export interface ElectionConfig {
  /** Unique for this process: a restarted one must not believe that it still holds its predecessor's lease. */
  readonly identity: string;
  /** How long others wait after the last change of the record that they saw. Default 15 s. */
  readonly leaseDurationMs: number;
  /** How long a leader goes on without a good write. Default 10 s; less than the lease. */
  readonly renewDeadlineMs: number;
  /** Between two tries. Default 2 s. */
  readonly retryPeriodMs: number;
}

/** A standby's wait is the retry period times 1 to 2.2 (client-go `JitterFactor` 1.2), so that standbys do not move in step. */
export const JITTER_FACTOR = 1.2;

/** Faults of a configuration that could never be safe, in words; empty when it is good. Source: client-go `NewLeaderElector`. */
export function electionConfigFaults({
  leaseDurationMs,
  renewDeadlineMs,
  retryPeriodMs,
}: Omit<ElectionConfig, 'identity'>): readonly string[] {
  return [
    ...(retryPeriodMs > 0 ? [] : ['the retry period must be longer than 0']),
    ...(leaseDurationMs >= 1000 && leaseDurationMs % 1000 === 0
      ? []
      : ['the lease duration must be whole seconds, 1s or more (the Lease object stores seconds)']),
    ...(leaseDurationMs > renewDeadlineMs ? [] : ['the lease duration must be longer than the renew deadline']),
    ...(renewDeadlineMs > JITTER_FACTOR * retryPeriodMs
      ? []
      : [`the renew deadline must be longer than ${JITTER_FACTOR} times the retry period`]),
  ];
}
