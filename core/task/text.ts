/** A text of at most so many UTF-16 units; what is longer ends in an ellipsis, and never in half a character. */
export function cutText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
