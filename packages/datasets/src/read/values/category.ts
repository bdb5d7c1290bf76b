/**
 * SQL for the levels of a category, from the root, as a list: of `A > B > C`, `A|B`, `A/B` with blanks around, an array
 * in
 * JSON, or a lone name.
 */
export function categoryPath(text: string): string {
  // An array of arrays, as Amazon has it: the first is the main one.
  const array = `CASE WHEN json_valid(${text}) AND json_array_length(${text}) > 0 THEN
    CASE WHEN json_type(${text}, '$[0]') = 'ARRAY' THEN json_extract_string(${text}, '$[0][*]') ELSE json_extract_string(${text}, '$[*]') END END`;
  const first = `CASE WHEN contains(${text}, '|[') OR ${text} LIKE '[%' THEN regexp_extract(${text}, '^(\\[[^\\]]*\\])', 1) ELSE ${text} END`;
  const written = `string_split_regex(${text}, '\\s*>\\s*|\\s*\\|\\s*|\\s+/\\s+|\\s*»\\s*|///')`;
  return `list_filter(list_transform((CASE WHEN ${text} LIKE '[%' THEN coalesce((${array.replaceAll(text, `(${first})`)})::VARCHAR[], [${text}]::VARCHAR[]) ELSE ${written} END)::VARCHAR[],
    lambda level: nfc_normalize(trim(level))), lambda level: level <> '')`;
}
