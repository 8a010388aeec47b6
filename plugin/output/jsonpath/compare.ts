import { Float } from './float.ts';

type Kind = 'bool' | 'int' | 'float' | 'string';

/** Whether a comparison of a filter holds. Throws where values of these types can't be compared. Source: client-go third_party/forked/golang/template/funcs.go. */
export function passes(left: unknown, operator: string, right: unknown): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
      return isLess(left, right);
    case '<=':
      return isLess(left, right) || isEqual(left, right);
    case '>':
      return !(isLess(left, right) || isEqual(left, right));
    case '>=':
      return !isLess(left, right);
    default:
      throw new Error(`unrecognized filter operator ${operator}`);
  }
}

function isEqual(left: unknown, right: unknown): boolean {
  sameKind(left, right);
  return plain(left) === plain(right);
}

function isLess(left: unknown, right: unknown): boolean {
  if (sameKind(left, right) === 'bool') throw new Error('invalid type for comparison');
  const [a, b] = [plain(left), plain(right)];
  return typeof a === 'string' ? a < String(b) : Number(a) < Number(b);
}

function sameKind(left: unknown, right: unknown): Kind {
  const [a, b] = [kindOf(left), kindOf(right)];
  if (a !== b) throw new Error(`incompatible types for comparison: ${a} and ${b}`);
  return a;
}

function kindOf(value: unknown): Kind {
  if (value instanceof Float) return 'float';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'string':
      return 'string';
    default:
      throw new Error('invalid type for comparison');
  }
}

function plain(value: unknown): unknown {
  return value instanceof Float ? value.value : value;
}
