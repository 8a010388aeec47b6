import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { coreDigest, count, formatVersion, strings } from './values.ts';

const end = z.strictObject({
  phase: z.string().describe('`Completed` or `Failed`; another one where the Task waited to the end of the history.'),
  cause: z.string().optional(),
  count: count().describe('In how many histories.'),
  seed: z.int().describe('One of them.'),
});
/** How a Task ended in some histories. */
export type SimulatedEnd = Infer<typeof end>;

const failure = z.strictObject({
  seed: z.int(),
  violations: z.array(z.strictObject({ rule: z.string(), says: z.string() })).describe('Which invariants were broken, and by what.'),
  history: strings().describe('The shortest history that shows it, line by line; of the first failure only.'),
  again: z.string().describe('The command that shows it again.'),
});
/** A history that broke an invariant, cut down to what that needs. */
export type SimulatedFailure = Infer<typeof failure>;

export const simulateSchema = z
  .strictObject({
    formatVersion,
    core: coreDigest,
    source: z.enum(['files', 'drawn']).describe('`drawn`: without files every Task, Agent and person is drawn from the seed.'),
    seed: z.int().describe('The first; the others follow it.'),
    histories: count(),
    faults: strings().describe('What could go wrong.'),
    decisions: count(),
    writes: count().describe('Those that controllers sent.'),
    virtualSeconds: count().describe('How long all histories were, in their own time.'),
    tasks: z
      .array(z.strictObject({ namespace: z.string(), name: z.string(), ends: z.array(end) }))
      .describe('Tasks of the files, and how they ended; empty without files.'),
    ends: z.array(end).describe('How all Tasks ended.'),
    failures: z.array(failure),
  })
  .describe('What `kubectl opencode simulate -o json` prints: what became of Tasks in histories with faults.');
/** What `simulate -o json` prints. Within a version fields are added, never changed or removed. */
export type SimulateReport = Infer<typeof simulateSchema>;
