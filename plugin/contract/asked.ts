import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { formatVersion, ordinal } from './values.ts';

const ofTask = {
  namespace: z.string(),
  name: z.string(),
  uid: z.string().optional(),
  message: z.string().optional().describe('Why nothing was asked for, or what failed.'),
  end: z
    .strictObject({
      phase: z.string().optional().describe('Absent where it was deleted.'),
      cause: z.string().optional(),
      message: z.string().optional(),
      deleted: z.literal(true).optional(),
    })
    .optional()
    .describe('How it ended, where it has; with --wait of every Task that has ended meanwhile.'),
} as const;

/** A row a Task, with what is of one command only. */
const tasksWith = <T extends z.ZodRawShape>(own: T) =>
  z
    .array(z.strictObject({ ...ofTask, ...own }))
    .describe('In the order of the names, else by name. Names that are not there are told on stderr only.');

export const stopSchema = z
  .strictObject({
    formatVersion,
    tasks: tasksWith({
      result: z
        .enum(['Stopped', 'WouldStop', 'Unchanged', 'Failed'])
        .describe('`Stopped`: the controller was asked to end it. `Unchanged`: it had ended, or was stopped before.'),
    }),
  })
  .describe('What `kubectl opencode stop -o json` prints.');
/** What `stop -o json` prints. Within a version fields are added, never changed or removed. */
export type StopReport = Infer<typeof stopSchema>;

export const retrySchema = z
  .strictObject({
    formatVersion,
    tasks: tasksWith({
      attempt: ordinal().optional().describe('Number of the attempt that is asked for.'),
      result: z
        .enum(['Asked', 'WouldAsk', 'Unchanged', 'Failed'])
        .describe('`Asked`: the controller was asked for that attempt. `Unchanged`: somebody had asked for it before.'),
    }),
  })
  .describe('What `kubectl opencode retry -o json` prints.');
/** What `retry -o json` prints. Within a version fields are added, never changed or removed. */
export type RetryReport = Infer<typeof retrySchema>;

export type TaskEnd = NonNullable<StopReport['tasks'][number]['end']>;
