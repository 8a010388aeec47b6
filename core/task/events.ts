import type { Event } from '../contract/decision.ts';
import { fnv1a32Both } from '../units/hash.ts';
import { cutName } from '../units/names.ts';
import type { TaskContext } from './context.ts';
import { cutText } from './text.ts';

/** Events of a Task: upstream's types, reasons and actions (behaviour that people's tools and tests look for). */
export type EventReason =
  | 'Queued'
  | 'QuotaExceeded'
  | 'PodCreated'
  | 'PodCreationFailed'
  | 'PodBlocked'
  | 'Retrying'
  | 'Completed'
  | 'Failed'
  | 'Stopped'
  | 'Timeout';

const WARNINGS: ReadonlySet<EventReason> = new Set(['PodCreationFailed', 'PodBlocked', 'Retrying', 'Failed']);

const ACTIONS: Readonly<Record<EventReason, string>> = {
  Queued: 'Queued',
  QuotaExceeded: 'Queued',
  PodCreated: 'CreatePod',
  PodCreationFailed: 'CreatePod',
  PodBlocked: 'CreatePod',
  Retrying: 'Retry',
  Completed: 'Completed',
  Failed: 'Failed',
  Stopped: 'Stopped',
  Timeout: 'Timeout',
};

/** The API server refuses a note above 1,024 bytes; a character takes at most 4. */
const MAX_NOTE_LENGTH = 256;

/** An Event about the Task. Its name comes from UID, attempt and reason, so that saying it twice leaves one. */
export function taskEvent(context: TaskContext, eventReason: EventReason, note: string): Event {
  const { subject } = context.snapshot;
  const seed = `${subject.uid}/${context.attempt}/${eventReason}`;
  const suffix = `.${fnv1a32Both(seed, '/')}`;
  return {
    type: 'Event',
    id: `event/${context.attempt}/${eventReason}`,
    name: cutName(subject.name, suffix, 253),
    regarding: { kind: 'Task', ...subject },
    eventType: WARNINGS.has(eventReason) ? 'Warning' : 'Normal',
    reason: eventReason,
    action: ACTIONS[eventReason],
    note: cutText(note, MAX_NOTE_LENGTH),
  };
}
