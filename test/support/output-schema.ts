import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { OUTPUT_NAMES, type OutputName, schemaFileName } from '#plugin/contract/outputs.ts';

/** Where the published JSON Schemas of the plugin's output lie. */
export const PUBLISHED = fileURLToPath(new URL('../../plugin/contract/published/', import.meta.url));

const validators = new Map<string, ValidateFunction>();

/** What of a document is not as the schema in this file says, by a validator that is not ours. `isReader`: fields that the schema does not know are passed over, as a program does that was written for it. */
export function schemaFaults(file: string, document: unknown, { isReader = false } = {}): readonly string[] {
  const key = `${file} ${isReader}`;
  const validate = validators.get(key) ?? compiled(file, isReader);
  validators.set(key, validate);
  if (validate(isReader ? structuredClone(document) : document)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
}

/** What of the output of a command is not as its published schema says. */
export function outputFaults(name: OutputName, document: unknown): readonly string[] {
  return schemaFaults(PUBLISHED + schemaFileName(name), document);
}

/** What of the output of a command line is not as its published schema says; nothing where it was not asked for JSON, or printed none. */
export function commandFaults(args: readonly string[], out: string): readonly string[] {
  const isJson = args.some(
    (word, index) => /^(-o|--output=)json$/.test(word) || (word === 'json' && /^(-o|--output)$/.test(args[index - 1] ?? '')),
  );
  const command = OUTPUT_NAMES.find((output) => output === args[0]);
  if (!isJson || command === undefined || out === '') return [];
  return outputFaults(command === 'replay' && args.includes('--explain') ? 'replay-explain' : command, JSON.parse(out));
}

function compiled(file: string, isReader: boolean): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, removeAdditional: isReader });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
}
