/** A value that the objects of a JSON source have, by its path. */
export interface JsonColumn {
  /** `user`, `properties.product_id`, `items[].item_id`. */
  name: string;
  /** Keys on the way to the value, from the object, or from the array's element. */
  path: string[];
  /** The array of objects that it lies in. */
  array?: JsonArray;
}

/** An array of objects: by name, with its keys from the object, or from an element of the array that it is within. */
export interface JsonArray {
  /** `items[]`, `actions[].items[]`. */
  name: string;
  path: string[];
  within?: JsonArray;
}

const deepest = 6;
const most = 1000;

/** The columns of objects that have a structure as DuckDB's `json_group_structure` tells it. */
export function jsonColumns(structure: unknown): JsonColumn[] {
  const found: JsonColumn[] = [];
  const visit = (node: unknown, name: string, path: string[], array?: JsonArray): void => {
    if (found.length >= most) return;
    const isObject = typeof node === 'object' && node !== null;
    if (isObject && !Array.isArray(node) && path.length < deepest) {
      for (const [key, child] of Object.entries(node)) {
        visit(
          child,
          name === '' || name.endsWith('[]') ? `${name}${name === '' ? '' : '.'}${key}` : `${name}.${key}`,
          [...path, key],
          array,
        );
      }
      return;
    }
    const element = Array.isArray(node) ? node[0] : undefined;
    const ofObjects = typeof element === 'object' && element !== null && !Array.isArray(element);
    if (ofObjects && array?.within === undefined)
      visit(element, `${name}[]`, [], { name: `${name}[]`, path, ...(array && { within: array }) });
    else if (name !== '') found.push({ name, path, ...(array && { array }) });
  };
  visit(structure, '', []);
  // `{"a.b": 1, "a": {"b": 2}}` has the name twice.
  return found.filter(({ name }, at) => found.findIndex((other) => other.name === name) === at);
}

/** A path as a JSON pointer (RFC 6901). */
export const pointer = (path: readonly string[]): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** A path as DuckDB's JSON path below `start`. */
export const jsonPath = (start: string, path: readonly string[]): string =>
  start + path.map((key) => `."${key.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join('');
