import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataForm } from './flag.ts';
import { parseTemplate } from './jsonpath/parse.ts';
import { jsonPathJson, jsonPathText } from './jsonpath/text.ts';

export interface Rendering {
  /** Not the first of several values: YAML parts it from the one before. */
  readonly isFurther?: boolean;
}

export type Render = (value: unknown, rendering?: Rendering) => string;

/** The form with the file of its template read, and the template checked. Throws an error that says what is wrong with it. */
export function readForm(form: string, cwd: string): string {
  const [name = '', ...rest] = form.split('=');
  const given = rest.join('=');
  if (name === 'jsonpath-file') return readForm(`jsonpath=${readTemplate(resolve(cwd, given))}`, cwd);
  try {
    parseTemplate(given);
  } catch (cause) {
    throw new Error(`read the template of -o ${name}: ${textOf(cause)}, came ${JSON.stringify(given)}`, { cause });
  }
  return form;
}

/** How values are printed in this form. What it gives throws where a template does not fit the value. */
export async function renderer(form: DataForm): Promise<Render> {
  if (form === 'json') return (value) => `${JSON.stringify(value, null, 2)}\n`;
  if (form === 'yaml') {
    const { stringify } = await import('./yaml.ts');
    // As kubectl prints: no folded lines, no anchors.
    return (value, { isFurther = false } = {}) =>
      `${isFurther ? '---\n' : ''}${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;
  }
  const at = form.indexOf('=');
  const nodes = parseTemplate(form.slice(at + 1));
  const text = form.startsWith('jsonpath-as-json=') ? jsonPathJson : jsonPathText;
  return (value) => {
    try {
      return text(nodes, value);
    } catch (cause) {
      throw new Error(`print with -o ${form}: ${textOf(cause)}; -o json shows what there is`, { cause });
    }
  };
}

/** One value in this form. Rejects as `renderer`'s does. */
export async function rendered(value: unknown, form: DataForm): Promise<string> {
  return (await renderer(form))(value);
}

function readTemplate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`read the template of -o jsonpath-file: expected a file, came: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
