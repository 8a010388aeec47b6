import { JQ } from './jq.ts';
import type { Requirement } from './stage.ts';

export const DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'Exists' };
export const NOT_DELETED: Requirement = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' };
export const isPhase = (...values: readonly string[]): Requirement => ({ key: '.status.phase', operator: 'In', values });
export const isOutcome = (...values: readonly string[]): Requirement => ({ key: `${JQ} outcome`, operator: 'In', values });
export const isNext = (...values: readonly string[]): Requirement => ({ key: `${JQ} next_step | .how`, operator: 'In', values });
export const endsBy = (...values: readonly string[]): Requirement => ({ key: `${JQ} first_end | .how`, operator: 'In', values });

/** Whether the init container that the script speaks about runs. */
export const isInit = (...values: readonly ('running' | 'idle')[]): Requirement => ({ key: `${JQ} init_state`, operator: 'In', values });
/** How the containers take the Pod's deletion. */
export const isDeletion = (...values: readonly string[]): Requirement => ({ key: `${JQ} by_deletion | .how`, operator: 'In', values });

/** Delay until what happens next to a Pod that is not up. */
export const AT_NEXT_STEP = { durationFrom: { expressionFrom: `${JQ} next_step | .at | until_then` } };

/** Delay until what ends the containers first. */
export const AT_FIRST_END = { durationFrom: { expressionFrom: `${JQ} first_end | .at | until_then` } };

/** Delay until a deletion has ended the containers. */
export const AT_DELETION = { durationFrom: { expressionFrom: `${JQ} by_deletion | .at | until_then` } };
