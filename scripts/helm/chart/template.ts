import { stringify } from 'yaml';
import type { Schema } from '../../crds/structural.ts';

type Path = readonly (string | number)[];

/**
 * One place of an object that the chart's values decide. `lines` writes what stands there instead of `key: value`; `lead` is the indentation
 * with the dash of a list and the key, `indent` the number of spaces of the line.
 */
export interface Edit {
  readonly path: Path;
  readonly lines: (place: Place) => readonly string[];
}

interface Place {
  /** Indentation, the dash of a list item where there is one, and the key with its colon. */
  readonly lead: string;
  /** Spaces before the key or the item. */
  readonly indent: number;
}

/** `key: {{ expression }}` */
export function scalar(path: Path, expression: string): Edit {
  return { path, lines: ({ lead }) => [`${lead}{{ ${expression} }}`] };
}

/** What `expression` writes as YAML, below the key. */
export function block(path: Path, expression: string): Edit {
  return { path, lines: ({ lead, indent }) => [`${lead}{{- ${expression} | nindent ${indent + 2} }}`] };
}

/** The key and its value only where the value is not empty. */
export function optional(path: Path, value: string): Edit {
  return {
    path,
    lines: ({ lead, indent }) => [
      `${spaces(indent)}{{- with ${value} }}`,
      `${lead}{{- toYaml . | nindent ${indent + 2} }}`,
      `${spaces(indent)}{{- end }}`,
    ],
  };
}

/** Lines of a template in the place of a value, `body` as it stands relative to the key. */
export function lines(path: Path, body: (indent: number) => readonly string[]): Edit {
  return { path, lines: ({ indent }) => body(indent).map((line) => (line === '' ? '' : spaces(indent) + line)) };
}

export function spaces(count: number): string {
  return ' '.repeat(count);
}

/** Plain YAML as the manifests have it: long lines stay whole, nothing becomes an alias. */
export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Text of a template that renders to `object` but for the edited places. Throws where the object has no such place, or a text that Helm would take for its own. */
export function templated(object: Schema, edits: readonly Edit[]): string {
  const copy = structuredClone(object) as Record<string, unknown>;
  for (const [index, { path }] of edits.entries()) put(copy, path, `HELM${index}`);
  const text = yaml(copy);
  if (text.includes('{{')) throw new Error(`making a template of ${String(object.kind)}: expected no "{{" in it`);
  return text.replace(/^( *)(- )?([\w./-]+: )?HELM(\d+)$/gm, (_line, indent: string, dash = '', key = '', index: string) => {
    const lead = `${indent}${dash}${key}`;
    return (
      edits[Number(index)]?.lines({ lead, indent: indent.length + (key === '' ? 0 : dash.length) }).join('\n') ?? `${lead}HELM${index}`
    );
  });
}

/** Sets a value; only the last step of a path may be new. */
function put(object: unknown, path: Path, value: unknown): void {
  const [step, ...rest] = path;
  if (step === undefined || typeof object !== 'object' || object === null)
    throw new Error(`editing a manifest: nothing at ${path.join('.')}`);
  const holder = object as Record<string | number, unknown>;
  if (rest.length === 0) holder[step] = value;
  else put(holder[step], rest, value);
}
