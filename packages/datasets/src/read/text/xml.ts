import { DuetError } from '@duet/base';
import { SaxesParser } from 'saxes';
import type { RecordSink } from './sink.ts';

type Values = Record<string, string | string[]>;

/** Elements that are one record each: of RSS, of Atom, and of plain lists of products. */
const records = new Set(['item', 'entry', 'product', 'row', 'record', 'offer']);

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/**
 * Copies the records of an XML feed, such as Google Merchant's in RSS or Atom, to a sink as JSON objects: each child
 * element's text by its name without a prefix, an array where it comes several times.
 *
 * @throws DuetError `corrupt` for XML that is not well-formed
 */
export async function siftXml(text: AsyncIterable<Buffer>, file: string, sink: RecordSink): Promise<void> {
  const parser = new SaxesParser();
  const found: { line: number; json: string }[] = [];
  let record: Values | undefined;
  let begun = 0;
  let depth = 0;
  let field: { name: string; text: string; link: string } | undefined;
  parser.on('doctype', () => {
    throw new DuetError('bad-input', 'this XML has a document type, which is not read.', { where: { file } });
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (record === undefined) {
      if (records.has(localName(name))) {
        record = {};
        begun = parser.line;
        depth = 0;
        // An offer's id may be its attribute.
        for (const [key, value] of Object.entries(attributes))
          if (!key.startsWith('xmlns')) record[key] = String(value);
      }
      return;
    }
    depth++;
    if (depth === 1) field = { name: localName(name), text: '', link: String(attributes.href ?? '') };
  });
  const addText = (more: string): void => {
    if (field && field.text.length < 100_000) field.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    if (record === undefined) return;
    if (depth-- > 0) {
      if (depth > 0 || field === undefined) return;
      const value = field.text.trim() || field.link;
      const before = record[field.name];
      if (value !== '') record[field.name] = before === undefined ? value : [before, value].flat();
      field = undefined;
      return;
    }
    found.push({ line: begun, json: JSON.stringify(record) });
    record = undefined;
  });
  parser.on('error', (error) => {
    throw new DuetError('corrupt', `this XML is not well-formed: ${error.message}.`, {
      where: { file, line: parser.line },
      cause: error,
    });
  });
  const write = async (): Promise<void> => {
    for (const { line, json } of found.splice(0)) await sink.write(line, [json]);
    await sink.flushFull();
  };
  const decoder = new TextDecoder();
  for await (const chunk of text) {
    parser.write(decoder.decode(chunk, { stream: true }));
    await write();
  }
  parser.write(decoder.decode()).close();
  await write();
}
