/** Narrower than this and a broken line reads worse than a long one. */
const MIN_WIDTH = 30;

/** The lines of a text that is broken at spaces and behind commas; all but the first are indented by `hang`. `width` undefined: never broken. */
export function wrapped(text: string, width: number | undefined, hang: number): readonly string[] {
  if (width === undefined || width < MIN_WIDTH || text.length <= width) return [text];
  const head = text.slice(0, width + 1);
  const at = Math.max(head.lastIndexOf(' '), head.slice(0, width).lastIndexOf(',') + 1);
  const cut = at > hang ? at : width;
  return [text.slice(0, cut).trimEnd(), ...wrapped(' '.repeat(hang) + text.slice(cut).trimStart(), width, hang)];
}
