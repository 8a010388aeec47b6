import { podCreationId } from '../contract/ended.ts';
import type { TaskContext } from './context.ts';

/** Ids of the writes that start an attempt, in their order: their outcomes come back by these. */
export function recordActionId(context: TaskContext): string {
  return `start/${context.attempt}`;
}
export const LABEL_ACTION_ID = 'label';
export function configMapActionId(context: TaskContext, name: string): string {
  return `configmap/${context.attempt}/${name}`;
}
export function updateActionId(configMapId: string): string {
  return `${configMapId}/update`;
}
export function podActionId(context: TaskContext): string {
  return podCreationId(context.attempt);
}
