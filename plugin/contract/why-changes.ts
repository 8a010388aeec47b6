import * as z from 'zod';
import type { Infer } from '#core/api/common.ts';
import { ordinal } from './values.ts';

export const course = z
  .enum(['Waits', 'Starts', 'Runs', 'Ends', 'Ended', 'Fails'])
  .describe('It `Starts` a Pod, `Ends` the Task, it `Runs`, it `Waits`, it has `Ended`. `Fails`: the core could not decide.');
/**
 * What a decision comes to, told from what it asks to be written: `Starts` a Pod, `Ends` the Task, it `Runs`, it `Waits`, it has `Ended`. `Fails`: the core
 * could not decide.
 */
export type Course = Infer<typeof course>;

const changeKind = z.enum([
  'Spec',
  'Suspend',
  'Stop',
  'Timeout',
  'Retry',
  'Priority',
  'ManagedBy',
  'Agent',
  'Limit',
  'Quota',
  'Reference',
  'Config',
  'Conflict',
  'Refusal',
  'Line',
  'Place',
  'Pod',
  'Time',
]);
/** What kind of input is changed. */
export type ChangeKind = Infer<typeof changeKind>;

const reach = z.enum(['Task', 'NewObject', 'Agent', 'Cluster', 'Others', 'Nobody']);
/**
 * How far a change reaches, the smallest first: a field of this Task; an object that lacks; a field of its Agent or template, which all their Tasks
 * have; what belongs to those who run the cluster; somebody else's work; nothing that anybody does, it comes by itself.
 */
export type Reach = Infer<typeof reach>;

export const change = z
  .strictObject({
    kind: changeKind.describe('What kind of input is changed.'),
    change: z.string().describe('The change, in words.'),
    reach: reach.describe(
      'How far it reaches: a field of this Task; an object that lacks; its Agent or template, which all their Tasks have; what belongs to those who run the cluster; somebody else’s work; nothing that anybody does.',
    ),
    standIn: z.string().optional().describe('What was put in its place to try it.'),
    command: z.string().optional().describe('Shell command that makes the change; words in capitals are to be filled in.'),
    look: z.string().optional().describe('Shell command that shows what it is about, where none makes it.'),
    goesOn: z.boolean().describe('Alone it is enough.'),
    leadsTo: z.string().describe('What comes of it.'),
    position: ordinal().optional().describe('Its place in the line then, where it has to wait still.'),
  })
  .meta({ id: 'WhyChange', description: 'One input changed, and what the core says then.' });
export type WhyChange = Infer<typeof change>;

export const again = z.strictObject({
  command: z.string().describe('Asks for one more attempt.'),
  attempt: ordinal().describe('Its number.'),
  leadsTo: z.string(),
  course,
  changes: z.array(change).describe('As of a Task that waits.'),
});
export type WhyAgain = Infer<typeof again>;

export const advice = z
  .strictObject({
    cause: z.string().describe('What it is against: the cause of the last attempt’s end.'),
    advice: z.string().describe('The change, in words.'),
    reach,
    command: z.string().describe('Shell command that makes the change.'),
    leadsTo: z.string().describe('What the core makes of it.'),
  })
  .meta({
    id: 'WhyAdvice',
    description: 'A change that is likely to help, and that can’t be tried: whether it is enough only the next attempt shows.',
  });
export type WhyAdvice = Infer<typeof advice>;
