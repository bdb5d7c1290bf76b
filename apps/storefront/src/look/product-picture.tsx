import { type CSSProperties, useId } from 'react';
import { motifOf } from './motif.ts';
import motifs from './motifs.svg';
import { type Palette, type Pattern, paletteOf } from './palette.ts';
import { niceTitle } from './title.ts';

/** One 40 × 40 tile of the background. */
function Tile({ pattern, colour }: { pattern: Pattern; colour: string }) {
  switch (pattern) {
    case 'plain':
      return null;
    case 'spots':
      return (
        <g fill={colour}>
          <circle cx="10" cy="10" r="6" />
          <circle cx="30" cy="30" r="6" />
        </g>
      );
    case 'stripes':
      return <path d="M0 0h14v40H0Z" fill={colour} />;
    case 'checks':
      return (
        <g fill={colour}>
          <path d="M0 0h20v40H0Z" opacity=".6" />
          <path d="M0 0h40v20H0Z" opacity=".6" />
        </g>
      );
    case 'hearts':
      return (
        <g fill={colour}>
          <path d="M10 17C2 11 2 4 6 4q3 0 4 3 1-3 4-3c4 0 4 7-4 13Z" />
          <path d="M30 37c-8-6-8-13-4-13q3 0 4 3 1-3 4-3c4 0 4 7-4 13Z" />
        </g>
      );
    case 'stars':
      return (
        <g fill={colour}>
          <path d="m10 3 2 5 5 1-4 3 1 6-4-3-5 3 2-6-4-3 5-1Z" />
          <path d="m30 23 2 5 5 1-4 3 1 6-4-3-5 3 2-6-4-3 5-1Z" />
        </g>
      );
    case 'petals':
      return (
        <g fill={colour}>
          {[10, 30].flatMap((at) =>
            [0, 72, 144, 216, 288].map((turn) => (
              <circle key={`${at}.${turn}`} cx={at} cy={at - 5} r="3.600" transform={`rotate(${turn} ${at} ${at})`} />
            )),
          )}
        </g>
      );
  }
}

function Monogram({ title, palette }: { title: string; palette: Palette }) {
  const letters = niceTitle(title)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => /^\p{Lu}/u.test(word))
    .slice(0, 2)
    .map((word) => word.charAt(0))
    .join('');
  return (
    <>
      <circle cx="100" cy="100" r="54" fill={palette.main} />
      <circle
        cx="100"
        cy="100"
        r="46"
        fill="none"
        stroke={palette.light}
        strokeWidth="3"
        pathLength="270"
        strokeDasharray="2 7"
        strokeLinecap="round"
      />
      <text
        x="100"
        y="102"
        fill={palette.light}
        fontSize="44"
        fontWeight="600"
        textAnchor="middle"
        dominantBaseline="central"
        fontFamily="ui-serif, Georgia, serif"
      >
        {letters || '•'}
      </text>
    </>
  );
}

/** A palette as motifs.svg reads it. */
const coloursOf = ({ main, dark, light, accent }: Palette) =>
  ({ '--main': main, '--dark': dark, '--light': light, '--accent': accent }) as CSSProperties;

/**
 * The data set has no photographs, so a product gets a drawing: what its title or category names, in the colours and
 * the pattern that the title names. Decorative: the title always stands beside it.
 */
export function ProductPicture(product: {
  itemId: string;
  title: string;
  category: string | null;
  className?: string;
}) {
  const tileId = useId();
  const { palette, pattern } = paletteOf(product.itemId, product.title);
  const motif = motifOf(product.title, product.category);
  return (
    <svg
      viewBox="0 0 200 200"
      className={`product-picture ${product.className ?? ''}`}
      style={coloursOf(palette)}
      aria-hidden="true"
    >
      <defs>
        <pattern id={tileId} width="40" height="40" patternUnits="userSpaceOnUse" patternTransform="rotate(0)">
          <Tile pattern={pattern} colour={palette.pattern} />
        </pattern>
      </defs>
      <rect width="200" height="200" fill={palette.ground} />
      <rect width="200" height="200" fill={`url(#${tileId})`} />
      <ellipse cx="100" cy="160" rx="58" ry="7" fill={palette.dark} opacity=".16" />
      {motif ? <use href={`${motifs.src}#${motif}`} /> : <Monogram title={product.title} palette={palette} />}
    </svg>
  );
}
