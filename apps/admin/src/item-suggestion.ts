/** An item as `/api/items` offers it. */
export interface ItemSuggestion {
  id: string;
  title: string;
  category: string | null;
}
