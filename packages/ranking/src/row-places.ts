/**
 * Where some rows of a large table stand in a list: a hash table with open addressing that is so small that it stays in
 * the processor's nearest cache, and is used for one list after the other.
 */
export class RowPlaces {
  #rows = new Int32Array(512).fill(-1);
  #places = new Int32Array(512);
  #mask = 511;
  #count = 0;

  clear(): void {
    if (this.#count > 0) this.#rows.fill(-1, 0, this.#mask + 1);
    this.#mask = 511;
    this.#count = 0;
  }

  /** Puts a row at a place, unless it has one. @returns whether it had none */
  add(row: number, place: number): boolean {
    const at = this.#slotOf(row);
    if (this.#rows[at] === row) return false;
    this.#rows[at] = row;
    this.#places[at] = place;
    this.#count += 1;
    if (3 * this.#count > this.#mask) this.#grow();
    return true;
  }

  has(row: number): boolean {
    return this.#rows[this.#slotOf(row)] === row;
  }

  /** The place of a row; −1 where it has none. */
  placeOf(row: number): number {
    const at = this.#slotOf(row);
    return this.#rows[at] === row ? this.#places[at]! : -1;
  }

  #slotOf(row: number): number {
    const rows = this.#rows;
    let at = (row ^ (row >>> 9)) & this.#mask;
    for (let found = rows[at]!; found !== row && found !== -1; found = rows[at]!) at = (at + 1) & this.#mask;
    return at;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const rows = this.#rows.slice(0, size);
    const places = this.#places.slice(0, size);
    if (this.#rows.length < 4 * size) {
      this.#rows = new Int32Array(4 * size);
      this.#places = new Int32Array(4 * size);
    }
    this.#rows.fill(-1);
    this.#mask = 4 * size - 1;
    this.#count = 0;
    for (let at = 0; at < size; at++) if (rows[at] !== -1) this.add(rows[at]!, places[at]!);
  }
}
