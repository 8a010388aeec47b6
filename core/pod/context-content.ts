import type { ConfigMap } from '../api/kubernetes.ts';
import { type ReadResult, type Ref, refKey, type Snapshot } from '../contract/snapshot.ts';
import { goQuote } from '../units/quote.ts';
import type { Content } from './context-items.ts';
import { isObject } from './shape.ts';

export type ContentResult =
  | { readonly type: 'Text'; readonly text: string }
  /** Not read yet. */
  | { readonly type: 'Wanted'; readonly ref: Ref }
  /** The ConfigMap or its key is not there. */
  | { readonly type: 'Missing'; readonly ref: Ref; readonly message: string }
  /** The API server could not be asked, which says nothing about the ConfigMap. */
  | { readonly type: 'Unavailable'; readonly ref: Ref; readonly message: string };

/** The text of a content, from what the snapshot read in the Task's namespace. What is missing and optional is empty text. */
export function contentText(content: Content, namespace: string, read: Snapshot['read']): ContentResult {
  if (content.from === 'Text') return { type: 'Text', text: content.text };
  const ref: Ref = { kind: 'ConfigMap', namespace, name: content.name };
  const answer = answerOf(ref, read);
  if (answer === undefined) return { type: 'Wanted', ref };
  if ('unavailable' in answer) {
    const { code, message } = answer.unavailable;
    return {
      type: 'Unavailable',
      ref,
      message: `ConfigMap ${goQuote(content.name)} in namespace ${goQuote(namespace)} could not be read: ${message} (code ${code})`,
    };
  }
  if ('found' in answer) {
    const { data, binaryData } = answer.found as ConfigMap;
    if (content.key === null) return { type: 'Text', text: everyKey(data) };
    const text = textOf(data, content.key);
    if (text !== null) return { type: 'Text', text };
    if (!content.optional) {
      const binary =
        textOf(binaryData, content.key) === null
          ? ''
          : '; it is there as binary data, which can only be mounted with the whole ConfigMap (mountPath without key)';
      return { type: 'Missing', ref, message: `key ${content.key} not found in ConfigMap ${content.name}${binary}` };
    }
  }
  if (content.optional) return { type: 'Text', text: '' };
  return { type: 'Missing', ref, message: `ConfigMap ${goQuote(content.name)} not found in namespace ${goQuote(namespace)}` };
}

/** A live answer is worth more than the cache's. */
function answerOf(ref: Ref, read: Snapshot['read']): ReadResult | undefined {
  return read[refKey({ ...ref, live: true })] ?? read[refKey(ref)];
}

/** Every key as one `file` element, sorted. */
function everyKey(data: unknown): string {
  return Object.keys(isObject(data) ? data : {})
    .sort()
    .map((key) => `<file name=${goQuote(key)}>\n${textOf(data, key) ?? ''}\n</file>`)
    .join('\n');
}

function textOf(data: unknown, key: string): string | null {
  const value = isObject(data) && Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof value === 'string' ? value : null;
}
