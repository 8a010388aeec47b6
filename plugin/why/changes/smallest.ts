/** The smallest whole number from `low` to `high` that does, where each above one that does, does too; undefined where none does. */
export async function smallest(low: number, high: number, does: (number: number) => Promise<boolean>): Promise<number | undefined> {
  if (low > high || !(await does(high))) return undefined;
  let [below, enough] = [low - 1, high];
  while (enough - below > 1) {
    const middle = Math.floor((below + enough) / 2);
    if (await does(middle)) enough = middle;
    else below = middle;
  }
  return enough;
}
