/** A part of a template of kubectl's JSONPath. Source: client-go util/jsonpath/node.go. */
export type Node =
  /** Text between braces, or quoted text in them. */
  | { readonly type: 'Text'; readonly text: string }
  /** What stands in one pair of braces: each node takes what the one before it gives. */
  | { readonly type: 'List'; readonly nodes: readonly Node[] }
  | { readonly type: 'Field'; readonly name: string }
  /** `.*` */
  | { readonly type: 'Wildcard' }
  /** `..` */
  | { readonly type: 'Recursive' }
  | { readonly type: 'Slice'; readonly slice: Slice }
  /** Without an operator: those which have what `left` leads to. */
  | { readonly type: 'Filter'; readonly left: readonly Node[]; readonly comparison?: Comparison }
  /** `[a,b]` */
  | { readonly type: 'Union'; readonly parts: readonly (readonly Node[])[] }
  | { readonly type: 'Number'; readonly value: number; readonly isFloat: boolean }
  | { readonly type: 'Bool'; readonly value: boolean }
  /** `range` or `end`. */
  | { readonly type: 'Keyword'; readonly word: 'range' | 'end' };

/** `[start:end:step]`, as in Python: numbers below 0 count from the end. */
export interface Slice {
  readonly start?: number;
  /** Absent: to the end. */
  readonly end?: number;
  /** `end` was not written: `[3]` is one item. */
  readonly isOne: boolean;
  readonly step?: number;
}

export interface Comparison {
  readonly operator: string;
  readonly right: readonly Node[];
}
