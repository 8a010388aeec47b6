import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import type { KubernetesObject } from '#core/api/kubernetes.ts';

/** RFC 3339. */
export const time = (): z.ZodString => z.string().meta({ format: 'date-time' });

/** Go duration, such as `90s` or `2h0m0s`. */
export const duration = (): z.ZodString => z.string();

/** A duration since the plan's beginning: `+0s`, `+1m30s`. */
export const offset = (): z.ZodString => z.string().regex(/^\+/);

/** Whole number, from 0. */
export const count = () => z.int().min(0);

/** Whole number, from 1. */
export const ordinal = () => z.int().min(1);

/** Any JSON value. */
export const json = () => z.unknown();

export const strings = () => z.array(z.string());

/** A Kubernetes object, whole, as it would be applied. */
export const kubernetesObject = z.custom<KubernetesObject>().meta({
  id: 'KubernetesObject',
  description: 'A Kubernetes object, whole, as it is sent to the API server.',
  type: 'object',
  required: ['metadata'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, namespace: { type: 'string' } } },
  },
});

/** Version of a form of output. Within a version fields are added, never changed or removed. */
export const formatVersion = z.literal(1).describe('Version of this form: within it fields are added, never changed or removed.');

export const coreDigest = z.string().describe('Digest of the core that was asked, `sha256:` and 64 hex digits.');

export const retryBudget = z
  .strictObject({
    of: z
      .string()
      .describe(
        '`limit`: of `retry.limit`; a cause: of its own limit in `retry.causes`; `unstarted`: for nothing, where the platform ended the Pod before its agent had started.',
      ),
    spent: count(),
    most: count().optional().describe('Absent where the Task’s own spec does not say: its Agent or the cluster may.'),
  })
  .meta({ id: 'RetryBudget', description: 'What of one budget of retries is spent.' });
/** What of one budget of retries is spent. */
export type RetryBudget = Infer<typeof retryBudget>;

export const controller = z
  .strictObject({
    state: z
      .enum(['Leads', 'Gone', 'Unknown'])
      .describe(
        '`Leads`: somebody renews the Lease. `Gone`: nobody holds it, or he has not renewed it for long. `Unknown`: there is none, or it can’t be read; a controller may run without one.',
      ),
    lease: z.string().describe('`namespace/name` of the Lease.'),
    holder: z.string().optional().describe('Who holds it.'),
    renewedAt: time().optional(),
    ago: duration().optional().describe('How long ago that was, by the clock of this machine: a Go duration.'),
    says: z.string().describe('The same in one sentence.'),
  })
  .meta({ id: 'Controller', description: 'Whether a controller seems to run, told from the Lease of its leader.' });
/** Whether a controller seems to run, told from the Lease of its leader. */
export type WhyController = Infer<typeof controller>;
