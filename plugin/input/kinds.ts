import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import { didYouMean, nearNames } from '../near-names.ts';
import type { SourceObject } from './documents.ts';
import type { Fault } from './fault.ts';

/** How the apiVersion of our kinds begins. */
export const OUR_GROUP = 'kubeopencode.io/';
const OUR_KINDS = (Object.keys(RESOURCES) as Kind[]).filter((kind) => `${RESOURCES[kind].group}/` === OUR_GROUP);

/** Whether an object says that it is ours, and is of no kind of ours. */
export function isUnknownKind(kind: string, apiVersion: string): boolean {
  return apiVersion.startsWith(OUR_GROUP) && !OUR_KINDS.some((known) => known === kind);
}

export function unknownKindFault(document: SourceObject, kind: string): Fault {
  const near = nearNames(kind, OUR_KINDS);
  const hint = near.length === 0 ? `; want one of ${OUR_KINDS.join(', ')}` : didYouMean(kind, near);
  return document.fault(['kind'], `kind: there is no ${kind} in kubeopencode.io${hint}`);
}
