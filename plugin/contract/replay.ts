import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import type { Decision } from '#core/contract/decision.ts';
import type { JournalEntry } from '#host/observe/journal.ts';
import { coreDigest, count, formatVersion, ordinal, strings, time } from './values.ts';

const said = z
  .union([
    z.strictObject({ decision: z.custom<Decision>().meta({ description: 'In the contract of the core.', type: 'object' }) }),
    z.strictObject({ fault: z.custom<NonNullable<JournalEntry['fault']>>().meta({ description: 'How the core failed.', type: 'object' }) }),
  ])
  .describe('What the core said to a snapshot, or how it failed.');
/** What the core said to a snapshot, or how it failed. */
export type Said = Infer<typeof said>;

const difference = z
  .strictObject({
    file: z.string(),
    line: ordinal(),
    seq: ordinal(),
    at: time(),
    task: z.strictObject({ namespace: z.string(), name: z.string(), uid: z.string() }),
    core: z.string().describe('Digest of the core that wrote it.'),
    redacted: count().describe('How many values of the entry are blotted out: a core that computes from one computes another value here.'),
    journal: said,
    replay: said,
    diff: strings().describe('The two as JSON, in the form of `diff -u`.'),
  })
  .describe('A decision that came out otherwise than the journal has it.');
/** A decision that came out otherwise than the journal has it. */
export type Difference = Infer<typeof difference>;

export const replaySchema = z
  .strictObject({
    formatVersion,
    journal: z.string(),
    files: count(),
    core: coreDigest,
    writtenBy: z
      .array(z.strictObject({ core: z.string(), decisions: count() }))
      .describe('Cores that wrote it, with the number of their decisions.'),
    decisions: count(),
    different: count(),
    redacted: count().describe('Decisions of which something is blotted out.'),
    firstDifference: difference.optional(),
    beginsAt: ordinal()
      .optional()
      .describe('First seq of the journal when it is above 1: what was before was removed to keep the journal small.'),
    gaps: z
      .array(z.strictObject({ file: z.string(), line: ordinal(), after: count(), next: count() }))
      .describe('Where entries are missing in between.'),
    unreadable: z.array(
      z.strictObject({ file: z.string(), line: ordinal(), fault: z.enum(['truncated', 'malformed']), message: z.string() }),
    ),
  })
  .describe('What `kubectl opencode replay -o json` prints: a journal, decided again.');
/** The contract of `replay -o json`. Fields are added within a version, never changed or removed. */
export type Replay = Infer<typeof replaySchema>;

const explained = z.strictObject({
  file: z.string(),
  line: ordinal(),
  entry: z.custom<JournalEntry>().meta({ description: 'The line of the journal.', type: 'object' }),
  replay: said,
  isSame: z.boolean().describe('Whether the two are the same, byte for byte.'),
});
export type Explained = Infer<typeof explained>;

export const explainedSchema = z
  .strictObject({
    formatVersion,
    core: coreDigest,
    decisions: z.array(explained),
  })
  .describe('What `kubectl opencode replay --explain SEQ -o json` prints: single decisions of a journal.');
