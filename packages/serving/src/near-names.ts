/** Changes of one letter that turn `a` into `b` (Levenshtein 1966). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/**
 * Up to five of the names that somebody who wrote `wrong` may have meant, the likeliest first: those that hold it or are
 * held by it, and those a few letters away. Without any, the first five names.
 */
export function nearNames(wrong: string, names: Iterable<string>): string[] {
  const asked = wrong.toLowerCase();
  const near: { name: string; away: number }[] = [];
  const first: string[] = [];
  for (const name of names) {
    if (first.length < 5) first.push(name);
    const lower = name.toLowerCase();
    const held = asked !== '' && lower !== '' && (lower.includes(asked) || asked.includes(lower));
    const most = Math.max(1, Math.floor(asked.length / 3));
    if (!held && Math.abs(lower.length - asked.length) > most) continue;
    const away = distance(asked, lower);
    if (held || away <= most) near.push({ name, away });
  }
  if (near.length === 0) return first;
  return near
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1))
    .slice(0, 5)
    .map(({ name }) => name);
}
