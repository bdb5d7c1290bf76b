/** Changes of one letter that turn `a` into `b` (Levenshtein 1966). */
function distance(a: string, b: string): number {
  const row = Uint16Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let corner = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = Math.min(above + 1, row[j - 1]! + 1, corner + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1));
      corner = above;
    }
  }
  return row[b.length]!;
}

/**
 * Letters that are compared with letters for one answer, some ten milliseconds: a mistake must not hold up everybody.
 */
const most = 1_000_000;

/**
 * Up to five of the names that somebody who wrote `wrong` may have meant, the likeliest first: those that hold it or
 * are held by it, and those a few letters away. Without any, the first five names. Of many names the first are looked
 * at.
 */
export function nearNames(wrong: string, names: Iterable<string>): string[] {
  const asked = wrong.toLowerCase();
  const near: { name: string; away: number }[] = [];
  const first: string[] = [];
  let compared = 0;
  for (const name of names) {
    if (first.length < 5) first.push(name);
    const lower = name.toLowerCase();
    const held = asked !== '' && lower !== '' && (lower.includes(asked) || asked.includes(lower));
    const few = Math.max(1, Math.floor(asked.length / 3));
    if (!held && Math.abs(lower.length - asked.length) > few) continue;
    compared += asked.length * lower.length;
    if (compared > most) break;
    const away = distance(asked, lower);
    if (held || away <= few) near.push({ name, away });
  }
  if (near.length === 0) return first;
  return near
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1))
    .slice(0, 5)
    .map(({ name }) => name);
}
