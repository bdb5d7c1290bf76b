import type { z } from 'zod';

type Parsed<T> = { ok: true; value: T } | { ok: false; response: Response };

const refuse = (status: number, message: string) => ({
  ok: false as const,
  response: Response.json({ status: 'refused', message }, { status }),
});

/** Browsers let a page that is being left send 64 KiB (Fetch standard, keepalive), so no batch is larger. */
const limitBytes = 64 * 1024;

/** Reads at most `limitBytes`, whatever the Content-Length claims; undefined where there is more. */
async function readText(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The body of a JSON request from this shop's own pages, or the response that refuses it. */
export async function parseBody<T>(request: Request, schema: z.ZodType<T>): Promise<Parsed<T>> {
  if (request.headers.get('sec-fetch-site') === 'cross-site')
    return refuse(403, 'Only this shop’s own pages may post.');
  if (!request.headers.get('content-type')?.startsWith('application/json'))
    return refuse(415, 'Send application/json.');
  const text = await readText(request);
  if (text === undefined) return refuse(413, `Send at most ${limitBytes} bytes.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse(400, 'The body is not JSON.');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const { path, message } = parsed.error.issues[0]!;
  return refuse(400, `${path.join('.') || 'body'}: ${message}`);
}
