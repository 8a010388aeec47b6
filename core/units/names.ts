import { fnv1a32 } from './hash.ts';

/** Longest value of a label, and longest name of a Pod of ours (a Pod's name is its host name, and that is cut at 63 by the kubelet). */
export const MAX_LABEL_LENGTH = 63;

/** Longest name of any Kubernetes object. */
export const MAX_NAME_LENGTH = 253;

/**
 * `name` + `suffix` when that fits into `maxLength` characters; else the name's beginning, a hash of the whole name, and the suffix: the same input always gives the
 * same name, and two long names with the same beginning give two names. A DNS name stays one: what is cut never ends in `-`, `.` or `_`.
 */
export function cutName(name: string, suffix: string, maxLength: number): string {
  const whole = `${name}${suffix}`;
  if (whole.length <= maxLength) return whole;
  const tail = `${fnv1a32(name)}${suffix}`;
  const head = name.slice(0, Math.max(0, maxLength - tail.length - 1)).replace(/[-._]+$/, '');
  return head === '' ? tail : `${head}-${tail}`;
}
