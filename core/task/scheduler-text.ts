/** The scheduler's own form. Source: kube-scheduler `framework/types.go`, FitError.Error. */
const NO_NODE = /^0\/(\d+) nodes are available: (.*)$/s;
/** What it says of preemption, behind the reasons. */
const PREEMPTION = /\.? ?(?:preemption: .*|no new claims to deallocate.*)$/s;

/**
 * The scheduler's text, grouped for people: the reasons that hold most nodes back first, without what preemption would not bring. A text of another form is left
 * as it is.
 */
export function schedulerText(text: string): string {
  const match = NO_NODE.exec(text);
  if (match === null) return text.trim();
  const [, nodes = '0', said = ''] = match;
  const reasons = said
    .replace(PREEMPTION, '')
    .replace(/\.+$/, '')
    .split(/, (?=\d+ )/)
    .map(reasonOf);
  if (reasons.some((reason) => reason === null)) return text.trim();
  const sorted = reasons.filter((reason) => reason !== null).sort((a, b) => b.nodes - a.nodes || (a.says < b.says ? -1 : 1));
  return `0 of ${nodes} nodes: ${sorted.map((reason) => `${reason.nodes} ${reason.says}`).join(', ')}`;
}

function reasonOf(text: string): { readonly nodes: number; readonly says: string } | null {
  const match = /^(\d+) (?:node\(s\) )?(.+)$/s.exec(text.trim());
  return match === null ? null : { nodes: Number(match[1]), says: match[2] ?? '' };
}
