/** A Pod that can never be made from these objects; `message` says what to change. Becomes the Task's `Ready=False` condition. */
export interface Refusal {
  readonly type: 'Refused';
  readonly reason: 'AgentError' | 'ContextError';
  readonly message: string;
}

/** Something in the Agent, its template or the cluster's configuration is wrong. */
export function agentError(message: string): Refusal {
  return { type: 'Refused', reason: 'AgentError', message };
}

/** Something in the contexts, of the Agent or of the Task, is wrong. */
export function contextError(message: string): Refusal {
  return { type: 'Refused', reason: 'ContextError', message };
}

export function isRefusal(value: object): value is Refusal {
  return 'type' in value && value.type === 'Refused';
}
