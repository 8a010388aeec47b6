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

/** One of `EXIT`; with `run --wait` what the agent exited with, 0 to 255. */
export type ExitCode = number;
