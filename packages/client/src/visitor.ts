/**
 * A visitor's signed id, which a page with a publishable key sends: the id, a dot, and the HMAC-SHA-256 of the id, in
 * hex.
 * For a shop's server: the secret (`vs_…`) belongs into no page.
 *
 * @param secret the dataset's signing secret: `npx duet keys signing-secret --dataset <name>`
 * @param id the shop's own id of the user
 */
export async function signVisitor(secret: string, id: string): Promise<string> {
  const text = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', text.encode(secret), algorithm, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, text.encode(id)));
  return `${id}.${Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Where a visitor's id that Duet made is kept until the next visit. */
interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The visitor of a page: whom the shop's server says, else whom Duet said at the first visit. */
export interface Visitor {
  /** The signed id, as far as it is known by now. */
  readonly known: string | undefined;
  /** The signed id; made at the first call where there is none. */
  signed(): Promise<string>;
  /** Forgets an id that Duet made, which is not good any more. @returns whether there was one */
  forget(): boolean;
}

/** @param make asks Duet for a new one */
export function openVisitor(
  given: string | undefined,
  make: () => Promise<string>,
  storage: Storage | undefined,
): Visitor {
  const key = 'duet-visitor';
  let known = given ?? storage?.getItem(key) ?? undefined;
  let making: Promise<string> | undefined;
  return {
    get known() {
      return known;
    },
    async signed() {
      if (known !== undefined) return known;
      making ??= make().finally(() => {
        making = undefined;
      });
      known = await making;
      try {
        storage?.setItem(key, known);
      } catch {
        // A full storage: this visit has its visitor all the same.
      }
      return known;
    },
    forget() {
      if (given !== undefined || known === undefined) return false;
      known = undefined;
      storage?.removeItem(key);
      return true;
    },
  };
}
