/** Exit codes of `kubectl opencode`, also printed by `--help`. */
export const EXIT = {
  ok: 0,
  /** Usage, files, kubeconfig, network. */
  error: 1,
  /** Only with --detailed-exitcode: applying would change something. */
  changes: 2,
  /** The plan could be made, and says that something can't go ahead. */
  blocked: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
