import de from './de.json' with { type: 'json' };
import en from './en.json' with { type: 'json' };

/** A sentence whose words go by a number, by the plural categories of its language; `other` is there in any. */
type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
type Sentences = Record<Exclude<keyof typeof en, 'buy-again'>, string> & { 'buy-again': Plural };

/** The sentences of each language, a file each: another is its file and its name here. */
const languages: Readonly<Record<string, Sentences>> = { en, de };

/** Languages that reasons are told in, by their BCP 47 tags. */
export const reasonLanguages = Object.keys(languages);

/** Why an item is in the list. */
export interface ShownReason {
  kind: 'bought-together' | 'seen-together' | 'category' | 'taste' | 'best-seller' | 'pinned' | 'buy-again';
  /** For the shopper, in their language. */
  text: string;
  /** Of bought-together and seen-together: the item that it goes with. */
  itemId?: string;
  title?: string;
  category?: string;
  /** Of buy-again: days after which the item is usually bought again. */
  days?: number;
}

/** Tells reasons in one language. */
export interface Reasons {
  taste: ShownReason;
  bestSeller: ShownReason;
  pinned: ShownReason;
  with(kind: 'bought-together' | 'seen-together', itemId: string, title: string): ShownReason;
  category(category: string): ShownReason;
  /** @param days after which the item is usually bought again; NaN where nobody knows */
  again(days: number): ShownReason;
}

function reasonsIn(language: string, sentences: Sentences): Reasons {
  const plurals = new Intl.PluralRules(language);
  const plain = (kind: 'taste' | 'best-seller' | 'pinned'): ShownReason => ({ kind, text: sentences[kind] });
  return {
    taste: plain('taste'),
    bestSeller: plain('best-seller'),
    pinned: plain('pinned'),
    with: (kind, itemId, title) => ({ kind, text: sentences[kind].replace('{title}', () => title), itemId, title }),
    category: (category) => ({
      ...{ kind: 'category', category },
      text: sentences.category.replace('{category}', () => category),
    }),
    again(days) {
      if (!(days >= 1)) return { kind: 'buy-again', text: sentences['bought-before'] };
      const whole = Math.round(days);
      const { other, [plurals.select(whole)]: sentence = other } = sentences['buy-again'];
      return { kind: 'buy-again', text: sentence.replace('{days}', String(whole)), days: whole };
    },
  };
}

const all = new Map(
  Object.entries(languages).map(([language, sentences]) => [language, reasonsIn(language, sentences)]),
);

/** Reasons in the first of these languages that there is, region aside ("de-AT" is "de"); else in English. */
export function reasonsOf(...languages: readonly (string | undefined)[]): Reasons {
  for (const language of languages) {
    const known = language === undefined ? undefined : all.get(language.toLowerCase().split('-', 1)[0]!);
    if (known !== undefined) return known;
  }
  return all.get('en')!;
}
