import type { Schema } from '../../crds/structural.ts';
import { yaml } from './template.ts';

/** One value of the chart. */
export interface Value {
  /** `image.tag` */
  readonly path: string;
  readonly default: unknown;
  readonly schema: Schema;
  /** A sentence or two, for values.yaml, the schema and the guide. */
  readonly meaning: string;
}

type Tree = Map<string, Value | Tree>;

function treeOf(values: readonly Value[]): Tree {
  const root: Tree = new Map();
  for (const value of values) {
    const steps = value.path.split('.');
    const name = steps.pop() ?? '';
    let at = root;
    for (const step of steps) {
      const next = at.get(step) ?? new Map();
      if (!(next instanceof Map)) throw new Error(`the value ${value.path}: ${step} is a value of its own`);
      at.set(step, next);
      at = next;
    }
    at.set(name, value);
  }
  return root;
}

/** values.yaml: every value with its default, what it means above it. */
export function valuesYaml(values: readonly Value[]): string {
  const write = (tree: Tree, indent: string): string =>
    [...tree]
      .map(([name, node]) => {
        if (node instanceof Map) return `${indent}${name}:\n${write(node, `${indent}  `)}`;
        const entry = yaml({ [name]: node.default })
          .trimEnd()
          .replace(/^/gm, indent);
        return `${indent}# ${node.meaning}\n${entry}\n`;
      })
      .join('');
  return write(treeOf(values), '');
}

/** values.schema.json: `helm install` refuses a value that is misspelt or of another type. */
export function valuesSchema(values: readonly Value[]): string {
  const write = (tree: Tree): Schema => ({
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      [...tree].map(([name, node]) => [name, node instanceof Map ? write(node) : { description: node.meaning, ...node.schema }]),
    ),
  });
  // Helm gives every chart that is part of another one these.
  const { properties, ...rest } = write(treeOf(values));
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...rest,
    properties: { ...(properties as Schema), global: { type: 'object' } },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Rows of the guide's table. */
export function valuesTable(values: readonly Value[]): string {
  const rows = values.map(
    ({ path, default: given, meaning }) => `| \`${path}\` | \`${JSON.stringify(given)}\` | ${meaning.replaceAll('|', '\\|')} |`,
  );
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
