import type { OpenApi, OpenApiOperation } from './openapi.ts';

type Schema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
};

const html = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
const code = (text: string): string => `<code>${html(text)}</code>`;
/** The two marks that descriptions use: `code` and paragraphs. */
const prose = (text: string): string => html(text).replace(/`([^`]+)`/g, '<code>$1</code>');
const anchorOf = (schema: string): string => `schema-${schema}`;
const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** A schema's type in a few words, such as "list of RecommendedItem" or "integer, 1 to 100". */
function typeOf(schema: Schema): string {
  if (schema.$ref) return `<a href="#${anchorOf(nameOf(schema.$ref))}">${html(nameOf(schema.$ref))}</a>`;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(' or ');
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.type === 'array') {
    const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`;
    return `list of ${schema.items ? typeOf(schema.items) : 'anything'}${most}`;
  }
  if (typeof schema.additionalProperties === 'object' && !schema.properties) {
    return `object of ${typeOf(schema.additionalProperties)}`;
  }
  const type = schema.format ?? (Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'anything'));
  const { minimum, maximum, maxLength } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${type}, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${type}, from ${minimum}`;
  return maxLength === undefined ? type : `${type}, up to ${maxLength} characters`;
}

/** The object whose fields are worth listing: the schema itself, or what it is a list or a choice of. */
const objectIn = (schema: Schema): Schema | undefined =>
  schema.properties ? schema : [schema.items, ...(schema.anyOf ?? [])].find((inner) => inner?.properties !== undefined);

function fields(schema: Schema): string {
  const { properties = {}, required = [] } = objectIn(schema) ?? {};
  const rows = Object.entries(properties).map(([name, field]) => {
    const inner = objectIn(field);
    const notes = [
      field.description === undefined ? '' : prose(field.description),
      field.default === undefined ? '' : `Default: ${code(JSON.stringify(field.default))}.`,
    ];
    return `<li><div>${code(name)} <span class="type">${typeOf(field)}</span>${required.includes(name) ? '' : ' <span class="optional">optional</span>'}</div>
${notes.some(Boolean) ? `<p>${notes.filter(Boolean).join(' ')}</p>` : ''}${inner ? fields(inner) : ''}</li>`;
  });
  return rows.length === 0 ? '' : `<ul class="fields">${rows.join('')}</ul>`;
}

/** A call that can be pasted into a shell, with the required fields, else the first. */
function curl(path: string, method: string, operation: OpenApiOperation, body: Schema | undefined): string {
  const { properties = {}, required = [] } = body ?? {};
  const named = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  const example = Object.fromEntries(named.map((name) => [name, sample(properties[name]!)]));
  const lines = [
    `curl "$DUET_URL${path}"`,
    ...(method === 'post' ? ["-H 'content-type: application/json'"] : []),
    ...(operation.security.length > 0 ? ['-H "authorization: Bearer $DUET_API_KEY"'] : []),
    ...(body ? [`-d '${JSON.stringify(example)}'`] : []),
  ];
  return `<pre><code>${html(lines.join(' \\\n  '))}</code></pre>`;
}

function sample({ type, items, properties, enum: choices, format, required = [] }: Schema): unknown {
  if (choices) return choices[0];
  if (type === 'array') return items ? [sample(items)] : [];
  if (properties) return Object.fromEntries(required.map((name) => [name, sample(properties[name]!)]));
  if (format === 'uuid') return '0198c0de-0000-7000-8000-000000000000';
  if (format === 'date-time') return '2026-01-31T12:00:00Z';
  return type === 'integer' || type === 'number' ? 1 : type === 'boolean' ? true : '17850';
}

function operationOf(path: string, method: string, operation: OpenApiOperation, document: OpenApi): string {
  const schemas = document.components.schemas as Record<string, Schema>;
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const requestSchema = requestBody?.content['application/json'].schema as Schema | undefined;
  // Without what the path says of it, a body is described in place.
  const body = requestSchema?.$ref === undefined ? requestSchema : schemas[nameOf(requestSchema.$ref)];
  const answer = (responses['200'] as { content: { 'application/json': { schema: Schema } } }).content;
  const answered = schemas[nameOf(answer['application/json'].schema.$ref!)]!;
  const inUrl: Schema = {
    properties: Object.fromEntries(
      parameters.map(({ name, in: place, description: meaning, schema, content }) => [
        name,
        {
          ...(schema ?? content?.['application/json'].schema),
          description: `In the ${place}${content ? ', as JSON' : ''}. ${meaning ?? ''}`,
        },
      ]),
    ),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  };
  const statuses = Object.entries(responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description: meaning }]) => `<li>${code(status)} ${prose(String(meaning))}</li>`);
  return `<section id="${operationId}"><h2><span class="method">${method.toUpperCase()}</span> ${html(path)}</h2>
<p class="summary">${html(summary)}.</p><p>${prose(description)}</p>
${curl(path, method, operation, body)}
${parameters.length > 0 ? `<h3>Parameters</h3>${fields(inUrl)}` : ''}
${body ? `<h3>Body</h3>${fields(body)}` : ''}
<h3>Answer</h3><p class="type">${typeOf(answered)}</p>${fields(answered)}
<details><summary>Errors</summary><ul class="errors">${statuses.join('')}</ul></details></section>`;
}

/** The document as one page that needs nothing else: no script, no font, no other server. */
export function referencePage(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const links = document.tags.map(({ name }) => {
    const of = operations.filter(({ operation }) => operation.tags.includes(name));
    const items = of.map(
      ({ operation }) => `<li><a href="#${operation.operationId}">${operation.operationId}</a></li>`,
    );
    return `<h2>${html(name)}</h2><ul>${items.join('')}</ul>`;
  });
  const used = JSON.stringify(document);
  const named = Object.entries(document.components.schemas as Record<string, Schema>).filter(
    ([name]) => !/(Input|Answer)$/.test(name) && used.includes(`#/components/schemas/${name}"`),
  );
  const schemas = named.map(
    ([name, schema]) => `<section id="${anchorOf(name)}"><h2>${html(name)}</h2>${fields(schema)}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(document.info.title)} reference</title><style>${style}</style></head><body>
<nav aria-label="Operations"><a class="home" href="#top">${html(document.info.title)} <small>${html(document.info.version)}</small></a>
${links.join('')}<h2>parts</h2><ul>${named.map(([name]) => `<li><a href="#${anchorOf(name)}">${name}</a></li>`).join('')}</ul></nav>
<main id="top"><h1>Reference</h1><p>${prose(document.info.description)}</p>
<p>The same as a document for programs: <a href="openapi.json">openapi.json</a>, OpenAPI ${document.openapi}.</p>
<h3>Errors</h3><p>Every failure has the HTTP status that fits and one form: ${code('{ "error": { "message", "code", "data": { "code", "httpStatus", "path" } } }')}. The message is a sentence for a person.</p>
<h3>Limits</h3><p>A key has a rate: ${code('RateLimit')} and ${code('RateLimit-Policy')} tell it with every answer, and past it comes 429. Under too much load comes 503. Both carry ${code('Retry-After')}.</p>
${operations.map(({ path, method, operation }) => operationOf(path, method, operation, document)).join('\n')}
${schemas.join('\n')}</main></body></html>`;
}

const style = `
:root{color-scheme:light dark;--ink:#1c1b19;--muted:#6b6862;--line:#e4e1da;--ground:#faf9f6;--card:#fff;--link:#1f5fa8}
@media (prefers-color-scheme:dark){:root{--ink:#edebe6;--muted:#a19d95;--line:#35332f;--ground:#191816;--card:#211f1d;--link:#84b6f2}}
*{box-sizing:border-box}html{scroll-behavior:smooth}
body{margin:0;display:grid;grid-template-columns:15rem minmax(0,1fr);font:15px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1.25rem;border-right:1px solid var(--line)}
nav .home{font-weight:650;font-size:1.1rem;color:inherit}nav small{font-weight:400;color:var(--muted)}
nav h2{margin:1.25rem 0 .25rem;font-size:.75rem;text-transform:uppercase;letter-spacing:.06em;color:var(--muted)}
nav ul{list-style:none;margin:0;padding:0}nav li a{display:block;padding:.15rem 0;color:inherit}
main{padding:2rem clamp(1rem,4vw,3.5rem);max-width:62rem}
h1{font-size:1.7rem;margin:0 0 .5rem}h3{margin:1.25rem 0 .25rem;font-size:.95rem}
section{margin:2rem 0;padding:1.25rem 1.5rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
section h2{margin:0;font:600 1.05rem ui-monospace,monospace;overflow-wrap:anywhere}.method{color:var(--link)}
.summary{margin:.5rem 0 0;font-weight:600}p{margin:.35rem 0}a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
pre{padding:.75rem 1rem;overflow:auto;background:var(--ground);border:1px solid var(--line);border-radius:.5rem}
code{font:.9em ui-monospace,monospace}.fields{list-style:none;margin:.25rem 0;padding:0}
.fields li{padding:.4rem 0;border-top:1px solid var(--line)}.fields .fields{margin-left:1rem;padding-left:.75rem;border-left:2px solid var(--line)}
.fields p,.errors{color:var(--muted)}.type{color:var(--muted)}.optional{font-size:.8em;color:var(--muted);border:1px solid var(--line);border-radius:1rem;padding:0 .5em}
summary{margin-top:1rem;cursor:pointer}:target{outline:2px solid var(--link);outline-offset:2px}
@media (max-width:50rem){body{display:block}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}}
`;
