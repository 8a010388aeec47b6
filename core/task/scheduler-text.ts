/** The scheduler's own form. Source: kube-scheduler `framework/types.go`, FitError.Error. */
const NO_NODE = /^0\/(\d+) nodes are available: (.*)$/s;
/** What it says behind the reasons of what would not help either. Source: its PostFilter plugins, default preemption and dynamic resources. */
const BEHIND = /\.? ?(?:preemption: .*|no new claims to deallocate.*|still not schedulable.*)$/s;

/**
 * The scheduler's text, grouped for people: the reasons that hold most nodes back first, without what preemption would not bring. A text of another form is left
 * as it is.
 */
export function schedulerText(text: string): string {
  const match = NO_NODE.exec(text);
  if (match === null) return text.trim();
  const [, nodes = '0', said = ''] = match;
  const plain = said.replace(BEHIND, '').trim().replace(/\.+$/, '');
  const reasons = plain.split(/, (?=\d+ )/).map(reasonOf);
  // A reason that holds for all nodes, such as a claim that is not there, comes without numbers.
  if (reasons.some((reason) => reason === null)) return plain === '' ? text.trim() : `0 of ${nodes} nodes: ${plain}`;
  const sorted = reasons.filter((reason) => reason !== null).sort((a, b) => b.nodes - a.nodes || (a.says < b.says ? -1 : 1));
  return `0 of ${nodes} nodes: ${sorted.map((reason) => `${reason.nodes} ${reason.says}`).join(', ')}`;
}

function reasonOf(text: string): { readonly nodes: number; readonly says: string } | null {
  const match = /^(\d+) (?:node\(s\) )?(.+)$/s.exec(text.trim());
  return match === null ? null : { nodes: Number(match[1]), says: match[2] ?? '' };
}
