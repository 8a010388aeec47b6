/** How long the kubelet's own steps take. */
export interface KubeletLatency {
  /** From a change of the Pod to the kubelet's acting on it. Default 100. */
  readonly noticeMs: number;
  /** From accepting a Pod to its first container (sandbox, volumes, image). Default 1,000. */
  readonly startMs: number;
  /** Run of each init container. Default 500. */
  readonly initMs: number;
  /** From a first failed pull to the back-off. Default 1,000. */
  readonly pullBackOffMs: number;
}
