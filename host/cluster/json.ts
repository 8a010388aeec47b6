/** Sets an own field, also where its name is `__proto__`, which an assignment would take for the prototype. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Whether two JSON values are the same; the order of keys does not matter, and a key whose value is undefined counts as absent. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, index) => jsonEqual(item, right[index]));
  }
  if (Array.isArray(right)) return false;
  return fieldsEqual(left, right);
}

type Fields = Readonly<Record<string, unknown>>;

const NONE: readonly string[] = [];

/** `jsonEqual` of two maps, without the fields named in `except`. */
export function fieldsEqual(left: object, right: object, except: readonly string[] = NONE): boolean {
  const ours = left as Fields;
  const theirs = right as Fields;
  let unmatched = 0;
  for (const key of Object.keys(ours)) {
    const value = ours[key];
    if (value === undefined || except.includes(key)) continue;
    unmatched++;
    if (!Object.hasOwn(theirs, key) || !jsonEqual(value, theirs[key])) return false;
  }
  for (const key of Object.keys(theirs)) if (theirs[key] !== undefined && !except.includes(key)) unmatched--;
  return unmatched === 0;
}
