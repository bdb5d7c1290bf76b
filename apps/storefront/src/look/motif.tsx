import type { ReactElement } from 'react';
import type { Palette } from './palette.ts';

type Drawing = (c: Palette) => ReactElement;

/** What can be drawn, in a 200 × 200 box around (100, 104). */
const drawings = {
  mug: (c) => (
    <>
      <path d="M128 86h10a20 20 0 0 1 0 40h-10" fill="none" stroke={c.dark} strokeWidth="9" />
      <path d="M62 72h70v58a18 18 0 0 1-18 18H80a18 18 0 0 1-18-18Z" fill={c.main} />
      <path d="M62 72h70v12H62Z" fill={c.dark} opacity=".35" />
      <circle cx="97" cy="114" r="13" fill={c.light} />
      <path
        d="M84 60q-7-8 0-16t0-15M108 60q-7-8 0-16t0-15"
        fill="none"
        stroke={c.dark}
        strokeWidth="4"
        strokeLinecap="round"
        opacity=".4"
      />
    </>
  ),
  teapot: (c) => (
    <>
      <path d="M136 104q26-2 22-34 14 8 8 30t-30 24Z" fill={c.dark} />
      <path d="M64 92q-26-4-26 16t30 24" fill="none" stroke={c.dark} strokeWidth="9" />
      <ellipse cx="100" cy="112" rx="46" ry="38" fill={c.main} />
      <path d="M72 82a46 38 0 0 1 56 0Z" fill={c.dark} />
      <circle cx="100" cy="66" r="8" fill={c.accent} />
      <circle cx="84" cy="112" r="7" fill={c.light} />
      <circle cx="108" cy="122" r="7" fill={c.light} />
      <circle cx="118" cy="102" r="5" fill={c.light} />
      <path d="M76 148h48v6H76Z" fill={c.dark} />
    </>
  ),
  plate: (c) => (
    <>
      <circle cx="100" cy="104" r="54" fill={c.main} />
      <circle cx="100" cy="104" r="54" fill="none" stroke={c.dark} strokeWidth="4" opacity=".35" />
      <circle cx="100" cy="104" r="36" fill={c.light} />
      <circle
        cx="100"
        cy="104"
        r="44"
        fill="none"
        stroke={c.light}
        strokeWidth="5"
        pathLength="260"
        strokeDasharray="1 12"
        strokeLinecap="round"
      />
      <path d="M100 118c-16-10-20-17-14-23 5-5 11-3 14 3 3-6 9-8 14-3 6 6 2 13-14 23Z" fill={c.accent} />
    </>
  ),
  jar: (c) => (
    <>
      <rect x="66" y="74" width="68" height="78" rx="16" fill={c.main} />
      <rect x="66" y="112" width="68" height="24" fill={c.light} />
      <path d="M84 124h32" stroke={c.dark} strokeWidth="5" strokeLinecap="round" />
      <rect x="62" y="54" width="76" height="22" rx="7" fill={c.accent} />
      <path d="M76 54v22M92 54v22M108 54v22M124 54v22" stroke={c.light} strokeWidth="4" opacity=".7" />
    </>
  ),
  cake: (c) => (
    <>
      <path d="M62 108h76l-10 44H72Z" fill={c.accent} />
      <path d="M78 110l5 42M100 110v42M122 110l-5 42" stroke={c.light} strokeWidth="5" opacity=".8" />
      <path d="M56 108q-6-18 14-22-2-22 22-24 8-14 22-2 22 0 20 24 18 4 10 24Z" fill={c.main} />
      <path d="M72 96q16 8 28-4t30 4" fill="none" stroke={c.light} strokeWidth="4" strokeLinecap="round" opacity=".7" />
      <circle cx="101" cy="50" r="10" fill={c.dark} />
    </>
  ),
  candle: (c) => (
    <>
      <path d="M100 34q16 18 0 34-16-16 0-34Z" fill={c.accent} />
      <path d="M100 66v14" stroke={c.dark} strokeWidth="3" />
      <rect x="80" y="78" width="40" height="62" rx="5" fill={c.main} />
      <path d="M80 84q8 12 14 4t12 6 14-6v-10H80Z" fill={c.light} />
      <path d="M58 140h84l-8 14H66Z" fill={c.dark} />
    </>
  ),
  lantern: (c) => (
    <>
      <path d="M84 56q16-30 32 0" fill="none" stroke={c.dark} strokeWidth="5" />
      <path d="M70 70 88 52h24l18 18Z" fill={c.dark} />
      <rect x="72" y="70" width="56" height="72" rx="4" fill={c.light} stroke={c.main} strokeWidth="7" />
      <path d="M100 84q14 18 0 30-14-12 0-30Z" fill={c.accent} />
      <rect x="92" y="114" width="16" height="25" fill={c.main} />
      <rect x="62" y="142" width="76" height="11" rx="4" fill={c.dark} />
    </>
  ),
  bag: (c) => (
    <>
      <path d="M78 82V64a22 22 0 0 1 44 0v18" fill="none" stroke={c.dark} strokeWidth="7" />
      <path d="M58 78h84l8 74H50Z" fill={c.main} />
      <path d="M58 78h84l2 16H56Z" fill={c.dark} opacity=".35" />
      <path d="M100 138c-20-13-25-21-17-29 6-6 14-3 17 4 3-7 11-10 17-4 8 8 3 16-17 29Z" fill={c.light} />
    </>
  ),
  necklace: (c) => (
    <>
      <path d="M52 52q2 70 48 70t48-70" fill="none" stroke={c.dark} strokeWidth="3" />
      {[
        [54, 70],
        [60, 88],
        [70, 104],
        [84, 116],
        [116, 116],
        [130, 104],
        [140, 88],
        [146, 70],
      ].map(([x, y], at) => (
        <circle key={`${x}`} cx={x} cy={y} r="7" fill={at % 2 ? c.accent : c.main} />
      ))}
      <path d="M100 160c-24-16-30-25-20-35 7-7 17-4 20 5 3-9 13-12 20-5 10 10 4 19-20 35Z" fill={c.main} />
      <path d="M88 132q-5 4 0 10" fill="none" stroke={c.light} strokeWidth="4" strokeLinecap="round" />
    </>
  ),
  warmer: (c) => (
    <>
      <path d="M86 40h28l-4 24H90Z" fill={c.dark} />
      <rect x="82" y="34" width="36" height="10" rx="5" fill={c.dark} />
      <path d="M90 62h20q34 4 34 36v36q0 20-20 20H76q-20 0-20-20V98q0-32 34-36Z" fill={c.main} />
      <path
        d="M70 96h60M70 112h60M70 128h60"
        stroke={c.light}
        strokeWidth="5"
        strokeDasharray="9 8"
        strokeLinecap="round"
        opacity=".85"
      />
    </>
  ),
  umbrella: (c) => (
    <>
      <path d="M100 46v92q0 14 13 14t13-14" fill="none" stroke={c.dark} strokeWidth="6" strokeLinecap="round" />
      <path d="M42 106q4-56 58-58 54 2 58 58-14-12-29 0-14-12-29 0-15-12-29 0-15-12-29 0Z" fill={c.main} />
      <path d="M71 106q4-46 29-58 25 12 29 58-14-12-29 0-15-12-29 0Z" fill={c.light} opacity=".55" />
    </>
  ),
  fir: (c) => (
    <>
      <rect x="92" y="138" width="16" height="18" fill={c.dark} />
      <path d="m100 46 26 36h-12l24 30h-14l24 30H52l24-30H62l24-30H74Z" fill={c.main} />
      <circle cx="90" cy="96" r="6" fill={c.light} />
      <circle cx="114" cy="118" r="6" fill={c.accent} />
      <circle cx="84" cy="128" r="6" fill={c.accent} />
      <path d="m100 30 5 10 11 1-8 8 2 11-10-5-10 5 2-11-8-8 11-1Z" fill={c.accent} />
    </>
  ),
  star: (c) => (
    <>
      <path
        d="m100 44 18 38 42 5-31 29 8 42-37-21-37 21 8-42-31-29 42-5Z"
        fill={c.main}
        strokeLinejoin="round"
        stroke={c.main}
        strokeWidth="8"
      />
      <path d="m100 74 9 19 21 3-15 14 4 21-19-11-19 11 4-21-15-14 21-3Z" fill={c.light} opacity=".6" />
    </>
  ),
  heart: (c) => (
    <>
      <path d="M100 46q-10-18 0-22" fill="none" stroke={c.dark} strokeWidth="4" strokeLinecap="round" />
      <path d="M100 156C50 122 36 98 50 72c14-22 42-18 50 6 8-24 36-28 50-6 14 26 0 50-50 84Z" fill={c.main} />
      <path
        d="M100 140c-37-26-48-42-38-60"
        fill="none"
        stroke={c.light}
        strokeWidth="5"
        strokeDasharray="2 10"
        strokeLinecap="round"
      />
      <path
        d="M100 140c37-26 48-42 38-60"
        fill="none"
        stroke={c.light}
        strokeWidth="5"
        strokeDasharray="2 10"
        strokeLinecap="round"
      />
    </>
  ),
  flower: (c) => (
    <>
      <path d="M100 98v58" stroke={c.dark} strokeWidth="6" strokeLinecap="round" />
      <path d="M100 144q-26 2-32-20 26-2 32 20ZM100 136q24-2 28-20-24 0-28 20Z" fill={c.dark} opacity=".7" />
      {[0, 60, 120, 180, 240, 300].map((turn) => (
        <ellipse key={turn} cx="100" cy="54" rx="15" ry="22" fill={c.main} transform={`rotate(${turn} 100 80)`} />
      ))}
      <circle cx="100" cy="80" r="14" fill={c.accent} />
    </>
  ),
  bunting: (c) => (
    <>
      <path d="M28 70q72 46 144 0" fill="none" stroke={c.dark} strokeWidth="4" />
      <path d="m38 76 34 14-24 34Z" fill={c.main} />
      <path d="m82 92 36 0-18 40Z" fill={c.accent} />
      <path d="m128 90 34-14-10 48Z" fill={c.main} />
      <circle cx="53" cy="92" r="5" fill={c.light} />
      <circle cx="100" cy="106" r="5" fill={c.light} />
      <circle cx="147" cy="92" r="5" fill={c.light} />
    </>
  ),
  notebook: (c) => (
    <>
      <rect x="58" y="48" width="74" height="104" rx="8" fill={c.main} />
      <path d="M58 56a8 8 0 0 1 8-8h8v104h-8a8 8 0 0 1-8-8Z" fill={c.dark} />
      <rect x="84" y="66" width="36" height="24" rx="4" fill={c.light} />
      <path d="m146 54 14 8-38 68-16 9 2-18Z" fill={c.accent} />
      <path d="m108 121 14 9-16 9Z" fill={c.light} />
    </>
  ),
  envelope: (c) => (
    <>
      <rect x="44" y="68" width="112" height="76" rx="8" fill={c.main} />
      <path d="m46 72 54 44 54-44" fill="none" stroke={c.light} strokeWidth="6" strokeLinejoin="round" />
      <circle cx="100" cy="114" r="13" fill={c.accent} />
      <path d="M100 121c-8-5-10-9-7-12 3-2 6-1 7 2 1-3 4-4 7-2 3 3 1 7-7 12Z" fill={c.light} />
    </>
  ),
  teddy: (c) => (
    <>
      <circle cx="68" cy="68" r="19" fill={c.dark} />
      <circle cx="132" cy="68" r="19" fill={c.dark} />
      <circle cx="68" cy="68" r="9" fill={c.light} />
      <circle cx="132" cy="68" r="9" fill={c.light} />
      <circle cx="100" cy="104" r="49" fill={c.main} />
      <ellipse cx="100" cy="120" rx="23" ry="18" fill={c.light} />
      <ellipse cx="100" cy="113" rx="8" ry="6" fill={c.dark} />
      <path d="M100 119v6q-8 6-12 0m12 0q8 6 12 0" fill="none" stroke={c.dark} strokeWidth="3" strokeLinecap="round" />
      <circle cx="80" cy="96" r="5" fill={c.dark} />
      <circle cx="120" cy="96" r="5" fill={c.dark} />
    </>
  ),
  plant: (c) => (
    <>
      <path
        d="M100 106q-4-44-38-48 0 42 38 48ZM100 106q4-58 42-58 0 52-42 58ZM100 106q-14-40 0-66 14 26 0 66Z"
        fill={c.dark}
      />
      <path d="M64 104h72l-10 50H74Z" fill={c.main} />
      <path d="M60 98h80v14H60Z" fill={c.accent} />
    </>
  ),
  bird: (c) => (
    <>
      <path d="m100 40 52 44v70H48V84Z" fill={c.main} />
      <path
        d="M40 90 100 38l60 52"
        fill="none"
        stroke={c.dark}
        strokeWidth="9"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="100" cy="104" r="18" fill={c.dark} />
      <path d="M100 128v14" stroke={c.dark} strokeWidth="5" strokeLinecap="round" />
      <path d="M84 108q0-20 17-20 12 0 14 10l9 3-9 4q-3 17-18 17-13 0-13-14Z" fill={c.accent} />
      <circle cx="107" cy="97" r="2.500" fill={c.light} />
    </>
  ),
  box: (c) => (
    <>
      <rect x="54" y="88" width="92" height="64" rx="4" fill={c.main} />
      <rect x="46" y="70" width="108" height="24" rx="5" fill={c.dark} />
      <rect x="90" y="70" width="20" height="82" fill={c.accent} />
      <path
        d="M100 70q-34-2-32-20t32 20q30-38 32-20t-32 20Z"
        fill="none"
        stroke={c.accent}
        strokeWidth="8"
        strokeLinejoin="round"
      />
    </>
  ),
  tin: (c) => (
    <>
      <path d="M56 70v68q0 16 44 16t44-16V70Z" fill={c.main} />
      <path d="M56 96q0 15 44 15t44-15v26q0 15-44 15t-44-15Z" fill={c.light} />
      <ellipse cx="100" cy="68" rx="47" ry="17" fill={c.dark} />
      <ellipse cx="100" cy="64" rx="47" ry="17" fill={c.accent} />
      <circle cx="100" cy="60" r="7" fill={c.dark} />
    </>
  ),
  hook: (c) => (
    <>
      <rect x="40" y="62" width="120" height="34" rx="10" fill={c.main} />
      {[66, 100, 134].map((x) => (
        <g key={x}>
          <circle cx={x} cy="79" r="7" fill={c.light} />
          <path d={`M${x} 82v30q0 16 13 16t13-14`} fill="none" stroke={c.dark} strokeWidth="7" strokeLinecap="round" />
        </g>
      ))}
    </>
  ),
  sign: (c) => (
    <>
      <path d="m54 84 46-44 46 44" fill="none" stroke={c.dark} strokeWidth="4" />
      <circle cx="100" cy="40" r="6" fill={c.dark} />
      <rect x="40" y="80" width="120" height="66" rx="9" fill={c.main} />
      <rect x="48" y="88" width="104" height="50" rx="5" fill="none" stroke={c.light} strokeWidth="3" />
      <path d="M66 106h44M66 121h30" stroke={c.light} strokeWidth="6" strokeLinecap="round" />
      <path d="M132 124c-10-7-13-11-9-15 3-3 8-2 9 2 1-4 6-5 9-2 4 4 1 8-9 15Z" fill={c.accent} />
    </>
  ),
  clock: (c) => (
    <>
      <circle cx="66" cy="60" r="15" fill={c.dark} />
      <circle cx="134" cy="60" r="15" fill={c.dark} />
      <path d="m72 144-10 14M128 144l10 14" stroke={c.dark} strokeWidth="8" strokeLinecap="round" />
      <circle cx="100" cy="106" r="50" fill={c.main} />
      <circle cx="100" cy="106" r="37" fill={c.light} />
      <path
        d="M100 82v24l16 11"
        fill="none"
        stroke={c.dark}
        strokeWidth="6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="100" cy="106" r="5" fill={c.accent} />
    </>
  ),
  frame: (c) => (
    <>
      <rect x="52" y="50" width="96" height="106" rx="6" fill={c.main} />
      <rect x="52" y="50" width="96" height="106" rx="6" fill="none" stroke={c.dark} strokeWidth="4" opacity=".4" />
      <rect x="68" y="66" width="64" height="74" rx="3" fill={c.light} />
      <circle cx="116" cy="84" r="8" fill={c.accent} />
      <path d="m68 140 0-16 22-26 18 22 10-10 14 16v14Z" fill={c.dark} opacity=".6" />
    </>
  ),
  cushion: (c) => (
    <>
      <path
        d="M50 58q50 14 100 0 10 0 8 10-14 40 0 76 2 12-10 10-48-12-96 0-12 2-10-10 14-36 0-76-2-10 8-10Z"
        fill={c.main}
      />
      <path
        d="M62 72q38 8 76 0M62 138q38-8 76 0"
        fill="none"
        stroke={c.light}
        strokeWidth="4"
        strokeDasharray="2 9"
        strokeLinecap="round"
      />
      <path d="M100 128c-22-15-28-24-19-33 7-7 16-3 19 5 3-8 12-12 19-5 9 9 3 18-19 33Z" fill={c.accent} />
    </>
  ),
  chair: (c) => (
    <>
      <path d="M70 118v38M130 118v38" stroke={c.dark} strokeWidth="8" strokeLinecap="round" />
      <rect x="68" y="40" width="64" height="62" rx="12" fill={c.main} />
      <path d="M84 56v34M100 56v34M116 56v34" stroke={c.light} strokeWidth="6" strokeLinecap="round" />
      <rect x="58" y="100" width="84" height="20" rx="9" fill={c.accent} />
    </>
  ),
  butterfly: (c) => (
    <>
      <path d="M100 100Q66 34 44 66q-14 26 56 42ZM100 100q34-66 56-34 14 26-56 42Z" fill={c.main} />
      <path d="M100 104q-58 2-44 34 16 26 44-34ZM100 104q58 2 44 34-16 26-44-34Z" fill={c.accent} />
      <circle cx="66" cy="76" r="7" fill={c.light} />
      <circle cx="134" cy="76" r="7" fill={c.light} />
      <path d="M100 84v56" stroke={c.dark} strokeWidth="8" strokeLinecap="round" />
      <path
        d="M100 84q-8-20-18-24M100 84q8-20 18-24"
        fill="none"
        stroke={c.dark}
        strokeWidth="3"
        strokeLinecap="round"
      />
    </>
  ),
  paws: (c) => (
    <>
      <path d="m62 84-6-44 32 20ZM138 84l6-44-32 20Z" fill={c.dark} />
      <ellipse cx="100" cy="104" rx="50" ry="46" fill={c.main} />
      <path d="M78 96q5-8 10 0M112 96q5-8 10 0" fill="none" stroke={c.dark} strokeWidth="5" strokeLinecap="round" />
      <path d="m94 112 6 6 6-6Z" fill={c.dark} stroke={c.dark} strokeWidth="4" strokeLinejoin="round" />
      <path d="M100 119q-4 9-11 6m11-6q4 9 11 6" fill="none" stroke={c.dark} strokeWidth="4" strokeLinecap="round" />
      <path
        d="M42 108h26M44 122l24-5M158 108h-26M156 122l-24-5"
        stroke={c.light}
        strokeWidth="3"
        strokeLinecap="round"
      />
    </>
  ),
} satisfies Record<string, Drawing>;

/** The first that matches the title wins, then the first that matches the category. */
const words: [RegExp, keyof typeof drawings][] = [
  [/BUNTING|GARLAND|\bPARTY|BANNER|\bFLAGS?\b/, 'bunting'],
  [/NECKLACE|BRACELET|EARRING|BROOCH|BANGLE|PENDANT|JEWELL|\bBEAD|\bHAIR/, 'necklace'],
  [/TEAPOT|TEA POT|KETTLE/, 'teapot'],
  [/HOT WATER|WARMER|HEAT PACK/, 'warmer'],
  [/UMBRELLA|PARASOL|\bRAIN/, 'umbrella'],
  [/\bBAGS?\b|HANDBAG|SHOPPER|PURSE|\bTOTE|WALLET|LUGGAGE|SUITCASE/, 'bag'],
  [/LUNCH ?BOX|SNACK ?BOX|\bBOX(ES)?\b|STORAGE|DRAWER|CABINET|BASKET|\bCHEST\b|\bGIFT\b/, 'box'],
  [/\bTINS?\b|CANISTER|BUCKET/, 'tin'],
  [/CAKE|MUFFIN|BAKING|COOKIE|BISCUIT|PUDDING|JELLY/, 'cake'],
  [/LANTERN|LAMP|\bLIGHTS?\b|CHANDELIER/, 'lantern'],
  [/CANDLE|T-?LIGHT|INCENSE|VOTIVE/, 'candle'],
  [/\bMUGS?\b|\bCUPS?\b|COFFEE|BEAKER|SAUCER|\bTEA\b/, 'mug'],
  [/CLOCK|\bWATCH\b/, 'clock'],
  [/FRAME|PHOTO|MIRROR|ALBUM|PICTURE/, 'frame'],
  [/CUSHION|PILLOW|QUILT|BLANKET|TEXTILE|\bMAT\b/, 'cushion'],
  [/CHAIR|STOOL|\bTABLE\b|BENCH|FURNITURE/, 'chair'],
  [/HOOK|HANGER|KNOB|\bDOOR/, 'hook'],
  [/\bCATS?\b|KITTEN|\bDOGS?\b|PUPPY|\bFOX/, 'paws'],
  [/\bBIRD|\bDOVE|\bCHICK|\bHEN\b|\bOWLS?\b/, 'bird'],
  [/BUTTERFL/, 'butterfly'],
  [/\bSIGNS?\b|PLAQUE|BLACKBOARD|CHALKBOARD|WALL ART|\bLETTERS?\b/, 'sign'],
  [/\bJARS?\b|\bJAM\b|BOTTLE|\bJUGS?\b|\bVASE/, 'jar'],
  [/PLATE|\bBOWL|\bDISH|\bTRAY|NAPKIN|CUTLERY|KITCHEN/, 'plate'],
  [/CARDS?\b|ENVELOPE|\bWRAP\b|INVITE|STICKER/, 'envelope'],
  [/NOTEBOOK|PENCIL|\bPENS?\b|BOOK|PAPER|\bTAPE|STATIONERY|CRAFT|SEWING|\bKIT\b/, 'notebook'],
  [/CHRISTMAS|XMAS|SANTA|REINDEER|\bTREES?\b/, 'fir'],
  [/\bPOTS?\b|PLANT|\bHERB|\bSEED|GARDEN|WATERING/, 'plant'],
  [/\bTOYS?\b|\bGAMES?\b|\bDOLL|\bKIDS?\b|CHILD|TEDDY|PUZZLE|SOLDIER|\bBABY/, 'teddy'],
  [/\bHEARTS?\b|\bLOVE\b/, 'heart'],
  [/\bSTARS?\b|SNOWFLAKE/, 'star'],
  [/FLOWER|\bROSES?\b|DAISY|TULIP|POSY|BLOSSOM|ORNAMENT/, 'flower'],
];

const nameFor = (text: string) => words.find(([word]) => word.test(text.toUpperCase()))?.[1];

/** What to draw for a product, or nothing where neither its title nor its category says. */
export function motifOf(title: string, category: string | null): Drawing | undefined {
  const name = nameFor(title) ?? (category === null ? undefined : nameFor(category));
  return name && drawings[name];
}
