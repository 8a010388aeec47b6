import type { Kind } from '#core/contract/kinds.ts';
import type { ClusterError, Result, Scope } from '../cluster.ts';
import { badRequest } from './errors.ts';
import { KIND_RULES, type StoredObject } from './kinds.ts';

/** Whether an object is in a list or watch. */
export type Matcher = (object: StoredObject) => boolean;

type Requirement = (labels: Readonly<Record<string, string>>) => boolean;

/** Compiles namespace, label selector and field selector of a scope; a malformed or unsupported selector is refused as the API server does (400). */
export function compileScope(scope: Scope): Result<Matcher> {
  const labels = compileLabelSelector(scope.labelSelector ?? '');
  if (!labels.ok) return labels;
  const fields = compileFieldSelector(scope.kind, scope.fieldSelector ?? '');
  if (!fields.ok) return fields;
  const { namespace } = scope;
  const requirements = labels.value;
  const fieldMatchers = fields.value;
  return {
    ok: true,
    value: (object) => {
      if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
      const ofObject = object.metadata.labels ?? {};
      return requirements.every((requirement) => requirement(ofObject)) && fieldMatchers.every((matcher) => matcher(object));
    },
  };
}

const TERM = /^\s*(?:(!)\s*(\S+)|(\S+?)\s*(?:(==|=|!=)\s*(\S*)|\s(in|notin)\s*\(([^)]*)\))?)\s*$/;
const LABEL_KEY = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

function compileLabelSelector(selector: string): Result<readonly Requirement[]> {
  const requirements: Requirement[] = [];
  for (const term of splitTerms(selector)) {
    const requirement = compileRequirement(term);
    if (requirement === undefined) return failure(badRequest(`unable to parse requirement: ${term.trim()}`));
    requirements.push(requirement);
  }
  return { ok: true, value: requirements };
}

function compileRequirement(term: string): Requirement | undefined {
  const match = TERM.exec(term);
  if (match === null) return undefined;
  const [, not, absentKey, key = absentKey, operator, value = '', setOperator, list = ''] = match;
  if (key === undefined || !LABEL_KEY.test(key)) return undefined;
  if (not !== undefined) return (labels) => !Object.hasOwn(labels, key);
  if (setOperator !== undefined) {
    const values = list.split(',').map((item) => item.trim());
    if (setOperator === 'in') return (labels) => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '');
    return (labels) => !Object.hasOwn(labels, key) || !values.includes(labels[key] ?? '');
  }
  if (value !== '' && !LABEL_KEY.test(value)) return undefined;
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key);
  if (operator === '!=') return (labels) => labels[key] !== value;
  return (labels) => labels[key] === value;
}

/** Splits at commas that stand outside of parentheses. */
function splitTerms(selector: string): string[] {
  if (selector.trim() === '') return [];
  return selector.split(/,(?![^(]*\))/);
}

function compileFieldSelector(kind: Kind, selector: string): Result<readonly Matcher[]> {
  const matchers: Matcher[] = [];
  for (const term of selector === '' ? [] : selector.split(',')) {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null) return failure(badRequest(`invalid field selector: ${term}`));
    const [, field = '', operator, wanted = ''] = match;
    if (!isSelectable(kind, field)) return failure(badRequest(`field label not supported: ${field}`));
    const path = field.split('.');
    const isEqual = operator !== '!=';
    matchers.push((object) => (textAt(object, path) === wanted) === isEqual);
  }
  return { ok: true, value: matchers };
}

function isSelectable(kind: Kind, field: string): boolean {
  return field === 'metadata.name' || field === 'metadata.namespace' || KIND_RULES[kind].selectableFields.includes(field);
}

/** A field as a selector compares it: text, empty when absent. */
function textAt(object: unknown, path: readonly string[]): string {
  let value = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value === undefined || value === null ? '' : String(value);
}

function failure(error: ClusterError): { readonly ok: false; readonly error: ClusterError } {
  return { ok: false, error };
}
