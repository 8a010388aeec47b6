const BEGIN = ',"managedFields":[{';
const SPEC = ',"spec":';
/** With what the metadata of built-in kinds begins: their fields come in the order of their Go types, `managedFields` last. Custom resources have the names' order. */
const BUILT_IN = '"metadata":{"name":"';
/** What comes behind the list in each order, with the list's own end. */
const END_OF_BUILT_IN = '}]},"spec":';
const END_OF_CUSTOM = '}],"name":"';
const METADATA_ALONE = '{"kind":"PartialObjectMetadata",';
const END_OF_METADATA_ALONE = '}]}}';

/**
 * The JSON text of an object with a spec, of a watch's frame with one, or of metadata alone, without `metadata.managedFields`, which nobody reads and whose
 * parsing costs as much as all else of a Pod. Whatever has another shape comes back as it is.
 *
 * What it looks for can't stand within a string, where each quotation mark bears a backslash; and neither in the list itself, all of whose own names are
 * `manager`, `operation` and the like, or begin with `f:`, `k:`, `v:` or `i:`.
 */
export function withoutManagedFields(text: string): string {
  const begin = text.indexOf(BEGIN);
  if (begin < 0) return text;
  const head = text.slice(0, begin);
  // What is called so behind the metadata is somebody's own.
  if (head.includes(SPEC)) return text;
  const end = endOf(text, begin, head);
  return end < 0 ? text : head + text.slice(end);
}

/** Where the list is over; -1 when it is not where it should be. */
function endOf(text: string, begin: number, head: string): number {
  if (head.startsWith(METADATA_ALONE)) {
    const whole = text.trimEnd();
    return whole.endsWith(END_OF_METADATA_ALONE) ? whole.length - 2 : -1;
  }
  const at = text.indexOf(head.includes(BUILT_IN) ? END_OF_BUILT_IN : END_OF_CUSTOM, begin);
  return at < 0 ? -1 : at + 2;
}
