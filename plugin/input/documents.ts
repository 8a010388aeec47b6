import { type Document, isMap, isNode, isPair, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { Fault } from './fault.ts';
import type { SourceText } from './sources.ts';

/** One object of a file: its value, and where in the file each of its fields stands. */
export interface SourceObject {
  readonly source: string;
  readonly value: unknown;
  /** A fault at a field; at the nearest field above where that one is missing. */
  fault(path: readonly PropertyKey[], message: string): Fault;
  /** A fault at the NAME of a field. */
  faultAtKey(path: readonly PropertyKey[], message: string): Fault;
}

export interface ParsedSource {
  readonly objects: readonly SourceObject[];
  readonly faults: readonly Fault[];
}

/** Reads YAML or JSON, several documents and Lists too. The faults of the syntax are reported; documents without one go on. */
export function parseSource({ name: source, text }: SourceText): ParsedSource {
  const lineCounter = new LineCounter();
  const lines = text.split(/\r?\n/);
  const at = (offset: number, message: string): Fault => {
    const { line, col } = lineCounter.linePos(offset);
    return { source, line: Math.max(line, 1), column: Math.max(col, 1), message, lines };
  };
  // `keepSourceTokens` is off and aliases are bounded by the parser: a bomb of aliases is a fault, not an outage.
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  const documents: readonly Document[] = 'empty' in parsed ? [] : parsed;
  const results = documents.map((document) => {
    const faults = syntaxErrors(document).map((error) => at(error.pos[0], syntaxMessage(error.message)));
    if (faults.length > 0) return { objects: [], faults };
    try {
      return { objects: objectsOf(source, document, at), faults: [] };
    } catch (error) {
      return { objects: [], faults: [at(document.range?.[0] ?? 0, error instanceof Error ? error.message : String(error))] };
    }
  });
  return { objects: results.flatMap(({ objects }) => objects), faults: results.flatMap(({ faults }) => faults) };
}

/** Keys that are there twice, and the first place where a document is no YAML: each token behind it would be one more. */
function syntaxErrors({ errors }: Document): Document['errors'] {
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  return errors.filter((error) => error === first || error.code === 'DUPLICATE_KEY');
}

function objectsOf(source: string, document: Document, at: (offset: number, message: string) => Fault): readonly SourceObject[] {
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (value === null || value === undefined) return [];
  const items = itemsOf(value);
  if (items === undefined) return [objectAt(source, document, [], value, at)];
  return items.map((item, index) => objectAt(source, document, ['items', index], item, at));
}

function objectAt(
  source: string,
  document: Document,
  base: readonly PropertyKey[],
  value: unknown,
  at: (offset: number, message: string) => Fault,
): SourceObject {
  return {
    source,
    value,
    fault: (path, message) => at(offsetOf(document, [...base, ...path], 'value'), message),
    faultAtKey: (path, message) => at(offsetOf(document, [...base, ...path], 'key'), message),
  };
}

/** Items of `kind: List` (what `kubectl get -o yaml` prints); undefined when it is none. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  const isList = typeof value === 'object' && value !== null && 'kind' in value && 'items' in value && Array.isArray(value.items);
  return isList && typeof value.kind === 'string' && value.kind.endsWith('List') ? (value.items as readonly unknown[]) : undefined;
}

/** Where a path stands; as far down as the document has it. */
function offsetOf(document: Document, path: readonly PropertyKey[], what: 'value' | 'key'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? document.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    const found = child(node, part);
    if (found === undefined) break;
    const isKey = (depth === path.length - 1 && what === 'key') || found.value === null;
    const here = isKey ? found.key : found.value;
    offset = here?.range?.[0] ?? offset;
    node = found.value;
  }
  return offset;
}

function child(node: Node | null, part: PropertyKey): { readonly key: Node | null; readonly value: Node | null } | undefined {
  if (isSeq(node)) {
    const item: unknown = typeof part === 'number' ? node.items[part] : undefined;
    return isNode(item) ? { key: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((entry) => isPair(entry) && String(entry.key) === String(part));
  if (pair === undefined) return undefined;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

/** The parser's words without its capital letter and full stop. */
function syntaxMessage(message: string): string {
  const [first = ''] = message.split('\n');
  return `yaml: ${first.charAt(0).toLowerCase()}${first.slice(1)}`.replace(/[.:]$/, '');
}
