import type { Ref, Snapshot } from '../contract/snapshot.ts';
import { goQuote } from '../units/quote.ts';
import { type ContentResult, contentText } from './context-content.ts';
import { type ContextOwner, type ContextPart, contextParts, failedPrefix } from './context-items.ts';
import type { FileMount } from './files.ts';
import type { GitMount } from './git.ts';
import { given } from './given.ts';
import { CONTEXT_FILE } from './layout.ts';
import { isRefusal, type Refusal } from './refusal.ts';
import type { ResolvedAgent } from './resolve.ts';
import type { TaskInput } from './shapes.ts';

/** A ConfigMap that becomes a folder. */
export interface DirectoryMount {
  readonly origin: string;
  readonly path: string;
  readonly configMap: string;
  readonly optional: boolean;
}

/** All contexts with their content. */
export interface Contexts {
  readonly type: 'Contexts';
  readonly files: readonly FileMount[];
  /** The context file; null when no context goes into it. */
  readonly contextFile: FileMount | null;
  readonly directories: readonly DirectoryMount[];
  readonly git: readonly GitMount[];
}

/** What has to come in before the contexts can be told. */
export type ContextsPending =
  | { readonly type: 'Reads'; readonly refs: readonly Ref[] }
  | { readonly type: 'Waits' | 'Unavailable'; readonly reason: 'ContextError'; readonly message: string; readonly ref: Ref };

/** The Agent's contexts, then the Task's. A context that can never work is refused before anything is read; then all reads are asked for at once. */
export function resolveContexts(
  agent: ResolvedAgent,
  task: TaskInput,
  namespace: string,
  read: Snapshot['read'],
): Contexts | ContextsPending | Refusal {
  const ofAgent = contextParts('Agent', agent.contexts, agent.workspaceDir);
  if (isRefusal(ofAgent)) return ofAgent;
  const ofTask = contextParts('Task', task.contexts ?? [], agent.workspaceDir);
  if (isRefusal(ofTask)) return ofTask;
  const parts = [...numbered('Agent', ofAgent), ...numbered('Task', ofTask)].map((entry) => ({
    ...entry,
    result: resultOf(entry.part, namespace, read),
  }));
  const pending = pendingOf(parts);
  return pending ?? gathered(parts, namespace, agent.workspaceDir);
}

interface NumberedPart {
  readonly prefix: string;
  readonly part: ContextPart;
}
interface ReadPart extends NumberedPart {
  readonly result: ContentResult;
}

function numbered(owner: ContextOwner, parts: readonly ContextPart[]): readonly NumberedPart[] {
  return parts.map((part, index) => ({ part, prefix: failedPrefix(owner, index) }));
}

function resultOf(part: ContextPart, namespace: string, read: Snapshot['read']): ContentResult {
  return 'content' in part ? contentText(part.content, namespace, read) : { type: 'Text', text: '' };
}

function pendingOf(parts: readonly ReadPart[]): ContextsPending | null {
  const wanted = parts.flatMap(({ result }) => (result.type === 'Wanted' ? [result.ref] : []));
  if (wanted.length > 0)
    return { type: 'Reads', refs: wanted.filter((ref, index) => wanted.findIndex(({ name }) => name === ref.name) === index) };
  for (const { prefix, result } of parts) {
    if (result.type === 'Missing')
      return { type: 'Waits', reason: 'ContextError', message: `${prefix}: ${result.message}`, ref: result.ref };
    if (result.type === 'Unavailable')
      return { type: 'Unavailable', reason: 'ContextError', message: `${prefix}: ${result.message}`, ref: result.ref };
  }
  return null;
}

function gathered(parts: readonly ReadPart[], namespace: string, workspaceDir: string): Contexts {
  const pieces = parts.flatMap(({ part, result }) =>
    part.type === 'Piece' ? [element(part.name, namespace, part.contextType, textOf(result))] : [],
  );
  return {
    type: 'Contexts',
    files: parts.flatMap(({ part, result }) => {
      if (part.type !== 'File') return [];
      return [{ path: part.path, content: textOf(result), origin: `file mount of ${part.origin}`, ...given({ fileMode: part.fileMode }) }];
    }),
    contextFile:
      pieces.length === 0
        ? null
        : { path: `${workspaceDir}/${CONTEXT_FILE}`, content: pieces.join('\n\n'), origin: 'the file of contexts without mountPath' },
    directories: parts.flatMap(({ part }) => (part.type === 'Directory' ? [part] : [])),
    git: parts.flatMap(({ part }) => (part.type === 'Git' ? [part.mount] : [])),
  };
}

function element(name: string, namespace: string, type: string, body: string): string {
  return `<context name=${goQuote(name)} namespace=${goQuote(namespace)} type=${goQuote(type)}>\n${body}\n</context>`;
}

function textOf(result: ContentResult): string {
  return result.type === 'Text' ? result.text : '';
}
