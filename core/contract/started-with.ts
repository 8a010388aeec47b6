import type { TaskDefaults } from '../api/task-parts.ts';

/** What an Agent's defaults and execution came to when the Pod was made; kept on the Pod, so that a later change of the Agent does not reach a Task that runs. */
export interface StartedWith extends Pick<TaskDefaults, 'timeout' | 'stop' | 'retry' | 'pendingTimeouts'> {
  /** What the Task named when the Pod was made: until `status` says it, its spec may come to name another. */
  readonly agent?: string;
  readonly template?: string;
  readonly podCleanup?: NonNullable<TaskDefaults['cleanup']>['pod'];
  /** The agent can read in a file why it is stopped. */
  readonly stopFile?: true;
  /** Attach only: the Agent's server. */
  readonly serverUrl?: string;
}
