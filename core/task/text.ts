/** `https://user:password@host`, as a registry, a proxy or a webhook says it. */
const USERINFO = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:]*:[^\s/@]+@/gi;

/** The text with `***` for the user and the password of each URL in it. */
export function hiddenPasswords(text: string): string {
  return text.includes('://') ? text.replace(USERINFO, '$1***@') : text;
}

/**
 * A text as it is written for people into a status or an Event: passwords in URLs blotted out, at most so many UTF-16 units; what is longer ends in an
 * ellipsis, and never in half a character.
 */
export function cutText(text: string, maxLength: number): string {
  const shown = hiddenPasswords(text);
  return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
