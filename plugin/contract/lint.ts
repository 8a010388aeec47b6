import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { count, formatVersion, ordinal, strings } from './values.ts';

const finding = z.strictObject({ source: z.string(), line: ordinal(), column: ordinal(), message: z.string() });
export type Finding = Infer<typeof finding>;

export const lintSchema = z
  .strictObject({
    formatVersion,
    files: count(),
    checked: count().describe('Objects of the kinds that a Task is made of.'),
    faults: z.array(finding),
    notes: z
      .array(finding)
      .describe(
        'What may well be right, such as a reference to what only the cluster has, and what does nothing, or not what it seems to.',
      ),
    leftOut: strings().describe('`Kind/name` of what is not checked.'),
  })
  .describe('What `kubectl opencode lint -o json` prints: what is wrong with manifests.');
/** What `lint -o json` prints. Within a version fields are added, never changed or removed. */
export type LintReport = Infer<typeof lintSchema>;
