/**
 * Ordered set of texts, each with a value, that can tell how many stand after one and which stands at a place from the end, all in O(log n): a treap whose
 * priorities are hashes of the texts, so equal contents always give the same tree.
 */
export class RankedSet {
  #root: Node | null = null;

  get size(): number {
    return sizeOf(this.#root);
  }

  /** Puts a text in; it must not be there yet. */
  add(text: string, value: string): void {
    const [before, after] = split(this.#root, text);
    this.#root = merge(merge(before, { text, value, priority: hash(text), size: 1, left: null, right: null }), after);
  }

  delete(text: string): void {
    this.#root = without(this.#root, text);
  }

  /** How many texts are greater. */
  countAfter(text: string): number {
    let count = 0;
    let node = this.#root;
    while (node !== null) {
      if (text < node.text) {
        count += 1 + sizeOf(node.right);
        node = node.left;
      } else {
        node = node.right;
      }
    }
    return count;
  }

  /** Value of the text after which exactly `count` others stand. */
  fromEnd(count: number): string | undefined {
    let node = this.#root;
    let left = count;
    while (node !== null) {
      const after = sizeOf(node.right);
      if (left === after) return node.value;
      if (left < after) {
        node = node.right;
      } else {
        left -= after + 1;
        node = node.left;
      }
    }
    return undefined;
  }
}

interface Node {
  readonly text: string;
  readonly value: string;
  readonly priority: number;
  readonly size: number;
  readonly left: Node | null;
  readonly right: Node | null;
}

function sizeOf(node: Node | null): number {
  return node?.size ?? 0;
}

function withChildren(node: Node, left: Node | null, right: Node | null): Node {
  return { ...node, left, right, size: 1 + sizeOf(left) + sizeOf(right) };
}

/** What is less than `text`, and what is not. */
function split(node: Node | null, text: string): readonly [Node | null, Node | null] {
  if (node === null) return [null, null];
  if (node.text < text) {
    const [before, after] = split(node.right, text);
    return [withChildren(node, node.left, before), after];
  }
  const [before, after] = split(node.left, text);
  return [before, withChildren(node, after, node.right)];
}

/** All of `before` is less than all of `after`. */
function merge(before: Node | null, after: Node | null): Node | null {
  if (before === null) return after;
  if (after === null) return before;
  return before.priority > after.priority
    ? withChildren(before, before.left, merge(before.right, after))
    : withChildren(after, merge(before, after.left), after.right);
}

function without(node: Node | null, text: string): Node | null {
  if (node === null) return null;
  if (text === node.text) return merge(node.left, node.right);
  return text < node.text
    ? withChildren(node, without(node.left, text), node.right)
    : withChildren(node, node.left, without(node.right, text));
}

/** FNV-1a over UTF-16 units, then mixed (murmur3's finalizer): texts that differ in one digit at the end get priorities that have nothing to do with each other. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
