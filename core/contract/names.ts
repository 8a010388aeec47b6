/** Labels, annotations, finalizer and object names that are part of the API (upstream's where upstream has them). */
export const LABELS = {
  task: 'kubeopencode.io/task',
  taskUid: 'kubeopencode.io/task-uid',
  agent: 'kubeopencode.io/agent',
  agentTemplate: 'kubeopencode.io/agent-template',
} as const;

export const ANNOTATIONS = {
  /** Exactly `true` stops the Task. */
  stop: 'kubeopencode.io/stop',
  /** Written on the Pod in the same patch that makes the kubelet end it: `Stopped`, `Timeout` or `AgentEnded`. */
  endedFor: 'kubeopencode.io/ended-for',
  /** On the Pod, before its containers are ended: why, as `Stopped` or `Timeout`. Reaches the agent as a file where the Task says how it is stopped. */
  stopReason: 'kubeopencode.io/stop-reason',
  /** On a finished Task: the number of the attempt that a person asks for, one above the last. */
  retry: 'kubeopencode.io/retry',
  /** Number of the attempt, from 1. */
  attempt: 'kubeopencode.io/attempt',
  /** What the Pod was started with beside its spec, as JSON (`StartedWith`): a Task that runs asks for nothing else. */
  startedWith: 'kubeopencode.io/started-with',
  /** On the ConfigMap with the kept end of a log: `true` when there was more before it. */
  logTruncated: 'kubeopencode.io/log-truncated',
} as const;

/** On our Pods until their end is recorded in the Task. */
export const POD_FINALIZER = 'kubeopencode.io/pod-end';

/** Name of the one KubeOpenCodeConfig. */
export const CONFIG_NAME = 'cluster';

/** Name of the container that runs the agent. */
export const AGENT_CONTAINER = 'agent';

/** `reportingController` of our Events, as upstream has it. */
export const REPORTING_CONTROLLER = 'task-controller';

/** `spec.managedBy` values that mean this controller; anything else belongs to somebody else. */
export const MANAGED_BY = 'kubeopencode.io/task-controller';
