/** The colours of one product picture, as CSS colours. */
export interface Palette {
  ground: string;
  pattern: string;
  main: string;
  dark: string;
  light: string;
  accent: string;
}

const patterns = ['plain', 'spots', 'stripes', 'checks', 'hearts', 'stars', 'petals'] as const;
export type Pattern = (typeof patterns)[number];

interface Tone {
  hue: number;
  chroma: number;
  lightness: number;
}
const tone = (hue: number, chroma = 0.13, lightness = 0.64): Tone => ({ hue, chroma, lightness });

/** The colours that a title may name. */
const named: [RegExp, Tone][] = [
  [/\b(RED|CHERRY|STRAWBERRY|RETROSPOT|SANTA)\b/, tone(25, 0.18, 0.58)],
  [/\b(PINK|ROSE|ROSES|RASPBERRY|FAIRY|BLOSSOM)\b/, tone(358, 0.13, 0.7)],
  [/\b(BLUE|NAVY|DENIM|SKY)\b/, tone(250, 0.12, 0.58)],
  [/\b(TURQUOISE|TURQ|AQUA|TEAL|MINT)\b/, tone(195, 0.1, 0.64)],
  [/\b(GREEN|LEAF|OLIVE|APPLE|HERB)\b/, tone(148, 0.11, 0.6)],
  [/\b(PURPLE|LILAC|LAVENDER|VIOLET|AMETHYST)\b/, tone(305, 0.11, 0.6)],
  [/\b(YELLOW|GOLD|LEMON|SUNFLOWER|BRASS)\b/, tone(85, 0.13, 0.75)],
  [/\b(ORANGE|PEACH|AMBER|COPPER)\b/, tone(55, 0.14, 0.69)],
  [/\b(BROWN|CHOCOLATE|WOOD|WOODEN|WICKER|COFFEE|NATURAL)\b/, tone(60, 0.07, 0.56)],
  [/\b(BLACK|SKULL|SKULLS)\b/, tone(280, 0.02, 0.36)],
  [/\b(SILVER|GREY|GRAY|ZINC|METAL|ENAMEL|STEEL)\b/, tone(250, 0.025, 0.62)],
  [/\b(IVORY|CREAM|WHITE|PARISIENNE|LACE|ANTIQUE)\b/, tone(80, 0.035, 0.82)],
];
/** For titles that name no colour: all of one family, so that a page of them looks like one shop. */
const unnamed = [25, 358, 250, 195, 148, 305, 85, 55].map((hue) => tone(hue, 0.1, 0.64));

const wording: [RegExp, Pattern][] = [
  [/SPOT|POLKA|\bDOT/, 'spots'],
  [/STRIPE|STRIPY/, 'stripes'],
  [/GINGHAM|CHECK|TARTAN|SQUARE|PATCHWORK/, 'checks'],
  [/HEART|\bLOVE\b/, 'hearts'],
  [/\bSTARS?\b|CHRISTMAS|SNOW/, 'stars'],
  [/FLOWER|FLORAL|ROSE|DAISY|PAISLEY|BLOSSOM|GARDEN/, 'petals'],
];

/** A 32-bit hash of a string (FNV-1a): the same product looks the same everywhere, without a table of pictures. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

const colour = (lightness: number, chroma: number, hue: number) =>
  `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${Math.round(hue)})`;

/** The colours and the pattern of a product: what its title names where it names any, else what its id hashes to. */
export function paletteOf(itemId: string, title: string): { palette: Palette; pattern: Pattern } {
  const text = title.toUpperCase();
  const hash = hashOf(itemId);
  const found = named.filter(([word]) => word.test(text)).map(([, tone]) => tone);
  const main = found[0] ?? unnamed[hash % unnamed.length]!;
  const second = found[1] ?? tone(main.hue + 150 + (hash % 60), 0.1, 0.72);
  const drawn = wording.find(([word]) => word.test(text))?.[1] ?? patterns[(hash >>> 8) % 3]!;
  const faint = Math.min(main.chroma, 0.045);
  return {
    pattern: drawn,
    palette: {
      ground: colour(0.935, faint * 0.75, main.hue),
      pattern: colour(0.885, faint * 1.2, main.hue),
      main: colour(main.lightness, main.chroma, main.hue),
      dark: colour(main.lightness * 0.66, main.chroma * 0.8, main.hue),
      light: colour(0.965, faint * 0.5, main.hue),
      accent: colour(second.lightness, second.chroma, second.hue),
    },
  };
}
