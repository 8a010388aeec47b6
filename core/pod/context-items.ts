import type { ContextItem } from '../api/context.ts';
import { goQuote } from '../units/quote.ts';
import { type GitMount, gitMountOf } from './git.ts';
import { given } from './given.ts';
import { resolvePath } from './paths.ts';
import { contextError, isRefusal, type Refusal } from './refusal.ts';
import { RUNTIME_PROMPT } from './runtime-prompt.ts';

/** Text that a context brings: known already, or one key or all keys of a ConfigMap that has to be read. */
export type Content =
  | { readonly from: 'Text'; readonly text: string }
  | { readonly from: 'ConfigMap'; readonly name: string; readonly key: string | null; readonly optional: boolean };

/** What a context amounts to, before any ConfigMap is read. `origin` says in messages where it comes from. */
export type ContextPart =
  /** A file of its own. */
  | { readonly type: 'File'; readonly origin: string; readonly path: string; readonly fileMode?: number; readonly content: Content }
  /** A piece of the context file. */
  | { readonly type: 'Piece'; readonly origin: string; readonly name: string; readonly contextType: string; readonly content: Content }
  /** A whole ConfigMap as a folder. */
  | { readonly type: 'Directory'; readonly origin: string; readonly path: string; readonly configMap: string; readonly optional: boolean }
  | { readonly type: 'Git'; readonly mount: GitMount };

/** Whose contexts these are; stands in messages as in upstream's. */
export type ContextOwner = 'Agent' | 'Task';

/** Each item of a list of contexts, in its order; the first that can never work instead. */
export function contextParts(owner: ContextOwner, items: readonly ContextItem[], workspaceDir: string): readonly ContextPart[] | Refusal {
  const parts: ContextPart[] = [];
  for (const [index, item] of items.entries()) {
    const part = contextPart(item, `${owner} context[${index}]`, workspaceDir);
    if (isRefusal(part)) return contextError(`${failedPrefix(owner, index)}: ${part.message}`);
    parts.push(part);
  }
  return parts;
}

/** Beginning of every message about one context. */
export function failedPrefix(owner: ContextOwner, index: number): string {
  return `failed to resolve ${owner} contexts: failed to resolve context[${index}]`;
}

function contextPart(item: ContextItem, origin: string, workspaceDir: string): ContextPart | Refusal {
  const path = item.mountPath ? resolvePath(item.mountPath, workspaceDir) : null;
  switch (item.type) {
    case 'Text':
      if (item.text === undefined) return contextError('a context of type Text needs text');
      return placed(item, origin, path, { from: 'Text', text: item.text });
    case 'ConfigMap':
      return configMapPart(item, origin, path);
    case 'Git': {
      if (item.git === undefined) return contextError('a context of type Git needs git');
      if (path === null) return contextError('git context requires mountPath to be specified');
      const mount = gitMountOf(item.git, path, origin);
      return isRefusal(mount) ? mount : { type: 'Git', mount };
    }
    case 'Runtime':
      // A mount path is ignored here, as upstream does: the prompt is about the Pod, not a file of it.
      return {
        type: 'Piece',
        origin,
        name: item.name || 'runtime',
        contextType: 'Runtime',
        content: { from: 'Text', text: RUNTIME_PROMPT },
      };
    default:
      return contextError(`unknown context type: ${String(item.type)}; use Text, ConfigMap, Git or Runtime`);
  }
}

function configMapPart(item: ContextItem, origin: string, path: string | null): ContextPart | Refusal {
  const { configMap } = item;
  if (configMap === undefined) return contextError('a context of type ConfigMap needs configMap');
  const { name, key = '', optional = false } = configMap;
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || name.length > 253) {
    return contextError(`configMap.name ${goQuote(name)} is no name of a ConfigMap: use lowercase letters, digits, - and .`);
  }
  if (key === '' && path !== null) return { type: 'Directory', origin, path, configMap: name, optional };
  return placed(item, origin, path, { from: 'ConfigMap', name, key: key === '' ? null : key, optional });
}

function placed(item: ContextItem, origin: string, path: string | null, content: Content): ContextPart {
  if (path === null) return { type: 'Piece', origin, name: item.name || 'context', contextType: item.type, content };
  return { type: 'File', origin, path, content, ...given({ fileMode: item.fileMode }) };
}
