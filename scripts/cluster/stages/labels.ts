/** Labels of a Pod that a simulated kubelet obeys, with the defaults. The memory cluster's kubelet reads the same. */
export const SIMULATION_LABELS = {
  /** succeed | fail | out-of-memory | evicted | preempted | image-pull | unschedulable | never */
  outcome: 'succeed',
  /** Of `fail`. */
  'exit-code': '1',
  /** From start to end of the containers, a Go duration. */
  'run-for': '3s',
  /** From scheduling to start, a Go duration. */
  'start-delay': '0s',
  /** How long the containers take after SIGTERM; beyond the grace period they are killed (137). */
  'stop-after': '0s',
  /** Exit code after SIGTERM. */
  'stop-exit-code': '143',
} as const;

export const PREFIX = 'sim.kubeopencode.io/';

export type SimulationLabel = keyof typeof SIMULATION_LABELS;
