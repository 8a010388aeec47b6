import { passes } from './compare.ts';
import { Float } from './float.ts';
import type { Node, Slice } from './node.ts';

/** What one node gave; each group is printed by itself. */
export type Results = readonly unknown[];

/** Evaluates a template on JSON data, group by group. Throws an error that says what does not fit. Source: client-go util/jsonpath/jsonpath.go; keys that are missing give nothing, as in `kubectl get`. */
export function evaluate(nodes: readonly Node[], data: unknown): readonly Results[] {
  return block(nodes, 0, data, 0).groups;
}

interface Block {
  readonly groups: readonly Results[];
  /** Where its `end` stands; undefined: nowhere. */
  readonly end: number | undefined;
}

/** Nodes from `from` to the `end` of the loop that they are in, if they are in any (`depth` above 0). */
function block(nodes: readonly Node[], from: number, data: unknown, depth: number): Block {
  const groups: Results[] = [];
  for (let at = from; at < nodes.length; at += 1) {
    const node = nodes[at];
    if (node === undefined) break;
    if (hasKeyword(node, 'end')) {
      if (depth === 0) throw new Error('not in range, nothing to end');
      return { groups, end: at };
    }
    const results = walk([data], node);
    if (!hasKeyword(node, 'range')) {
      groups.push(results);
      continue;
    }
    // Without items the loop is walked through once, to find its end. As in kubectl one without an end is followed by what stands in it.
    const loops = (results.length === 0 ? [null] : results).map((item) => block(nodes, at + 1, item, depth + 1));
    if (results.length > 0) groups.push(...loops.flatMap((loop) => loop.groups));
    at = loops.at(-1)?.end ?? at;
  }
  return { groups, end: undefined };
}

function hasKeyword(node: Node, word: 'range' | 'end'): boolean {
  return node.type === 'List' && node.nodes.some((inner) => inner.type === 'Keyword' && inner.word === word);
}

function walk(input: Results, node: Node): Results {
  switch (node.type) {
    case 'Text':
      return [node.text];
    case 'List':
      return walkAll(input, node.nodes);
    case 'Field':
      return input.flatMap((value) => (isObject(value) && Object.hasOwn(value, node.name) ? [value[node.name]] : []));
    case 'Wildcard':
      return input.flatMap(childrenOf);
    case 'Recursive':
      return input.flatMap(descend);
    case 'Slice':
      return input.flatMap((value) => (value === null ? [] : sliced(value, node.slice)));
    case 'Filter':
      return input.flatMap((value) => filtered(value, node));
    case 'Union':
      return node.parts.flatMap((part) => walkAll(input, part));
    case 'Number':
      return input.map(() => (node.isFloat ? new Float(node.value) : node.value));
    case 'Bool':
      return input.map(() => node.value);
    case 'Keyword':
      return node.word === 'end' ? [] : input;
  }
}

function walkAll(input: Results, nodes: readonly Node[]): Results {
  return nodes.reduce<Results>(walk, input);
}

function childrenOf(value: unknown): Results {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

/** Everything that has something below it, itself first; a text has its letters. */
function descend(value: unknown): Results {
  if (typeof value === 'string') return value === '' ? [] : [value];
  const children = childrenOf(value);
  return children.length === 0 ? [] : [value, ...children.flatMap(descend)];
}

function sliced(value: unknown, { start = 0, end: asked, isOne, step = 1 }: Slice): Results {
  if (!Array.isArray(value)) throw new Error(`${typeOf(value)} is not array or slice`);
  const { length } = value;
  const from = start < 0 ? start + length : start;
  const isLast = isOne && asked === 0;
  const to = asked === undefined ? length : asked < 0 || isLast ? asked + length : asked;
  if (from === to) return [];
  if (from >= length || from < 0) throw new Error(`array index out of bounds: index ${from}, length ${length}`);
  if (to > length || to < 0) throw new Error(`array index out of bounds: index ${to - 1}, length ${length}`);
  if (from > to) throw new Error(`starting index ${from} is greater than ending index ${to}`);
  if (step <= 0) throw new Error('step must be > 0');
  return value.slice(from, to).filter((_, index) => index % step === 0);
}

function filtered(value: unknown, { left, comparison }: Extract<Node, { type: 'Filter' }>): Results {
  if (!Array.isArray(value)) throw new Error(`${typeOf(value)} is not array or slice and cannot be filtered`);
  return value.filter((item) => {
    if (comparison === undefined) return hasSome(item, left);
    const [lefts, rights] = [walkAll([item], left), walkAll([item], comparison.right)];
    if (lefts.length === 0 || rights.length === 0) return false;
    if (lefts.length > 1 || rights.length > 1) throw new Error('can only compare one element at a time');
    return passes(lefts[0], comparison.operator, rights[0]);
  });
}

/** A path that does not fit an item leads to nothing. */
function hasSome(item: unknown, nodes: readonly Node[]): boolean {
  try {
    return walkAll([item], nodes).length > 0;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return isObject(value) ? 'map' : typeof value;
}
