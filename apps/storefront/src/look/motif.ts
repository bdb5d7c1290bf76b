/**
 * What a picture may show, by words of a title or a category: the drawing of that id in motifs.svg. The first that
 * matches wins.
 */
const words: [RegExp, string][] = [
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

const idFor = (text: string) => words.find(([word]) => word.test(text.toUpperCase()))?.[1];

/** The id of a product's drawing in motifs.svg: by its title, else by its category; undefined where neither says. */
export const motifOf = (title: string, category: string | null): string | undefined =>
  idFor(title) ?? (category === null ? undefined : idFor(category));

export const motifIds = new Set(words.map(([, id]) => id));
