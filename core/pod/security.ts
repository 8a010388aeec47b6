/** Security context of every container without its own: Pod Security "baseline", and most of "restricted". A user id is the image's business. */
export const DEFAULT_SECURITY_CONTEXT = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** Memory of the agent container without its own: an agent's memory is unbounded, and without a limit it takes the node with it. */
export const DEFAULT_RESOURCES = { requests: { memory: '512Mi' }, limits: { memory: '4Gi' } } as const;
