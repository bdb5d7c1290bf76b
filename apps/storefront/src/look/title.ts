const small = new Set(['a', 'an', 'and', 'at', 'by', 'for', 'from', 'in', 'of', 'on', 'or', 'the', 'to', 'with']);
const initials = new Set(['BBQ', 'DIY', 'LED', 'TV', 'UK', 'USA', 'XL', 'II', 'III', 'CD', 'DVD', '3D', '2D']);

const capitalise = (word: string) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();

/**
 * A catalogue's upper-case title as a shopper likes to read it: `SET/4 CANDLES IN BOWL` becomes `Set/4 Candles in
 * Bowl`.
 * A title that already has lower-case letters was written by hand and stays as it is, but for its spaces.
 */
export function niceTitle(title: string): string {
  const spaced = title.replace(/\s+/g, ' ').trim();
  if (spaced === '' || /\p{Ll}/u.test(spaced)) return spaced;
  return spaced
    .replace(/,(?=\p{L})/gu, ', ')
    .split(' ')
    .map((word, at, words) => {
      const lower = word.toLowerCase();
      const inside = at > 0 && at < words.length - 1;
      if (inside && small.has(lower)) return lower;
      if (initials.has(word)) return word;
      // Each part of T-LIGHT or SET/4 is a word, but the S of CHILDREN'S is not.
      return word.replace(/[\p{L}\p{N}'’]+/gu, (part) => (initials.has(part) ? part : capitalise(part)));
    })
    .join(' ');
}
