import { lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { DuetError } from '@duet/base';
import { AwsClient } from 'aws4fetch';

/** What an import may fetch over the network. */
export interface RemoteAccess {
  /** Hosts that files may come from; `*.example.com` stands for all below it, `*` for any. */
  hosts: readonly string[];
  /** Hosts that may have a private address as well. */
  privateHosts: readonly string[];
  /** Sent to the host that is asked for, not to one that it redirects to. */
  headers?: Readonly<Record<string, string>> | undefined;
  s3?: S3Access | undefined;
}

export interface S3Access {
  /** `https://s3.eu-central-1.amazonaws.com`, or that of a compatible service. */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** Access to S3 as AWS's own tools find it in the environment; undefined without keys. */
export function s3Access(env: NodeJS.ProcessEnv): S3Access | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  return {
    endpoint: env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || `https://s3.${region}.amazonaws.com`,
    region,
    accessKeyId,
    secretAccessKey,
    ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
  };
}

/**
 * Addresses that are of no use to who is outside of a network, and of great use to who should not be inside (RFC 6890).
 */
const privateAddresses = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  privateAddresses.addSubnet(net, prefix, 'ipv4');
}
for (const [net, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  privateAddresses.addSubnet(net, prefix, 'ipv6');
}

/** Whether an address is private, also where it is IPv4 written as IPv6. */
function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  return privateAddresses.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4') || /^::ffff:/i.test(plain);
}

const isListed = (host: string, list: readonly string[]): boolean =>
  list.some((entry) => entry === '*' || entry === host || (entry.startsWith('*.') && host.endsWith(entry.slice(1))));

/** @throws DuetError `unauthorised` for a host that is not on the list */
function checkHost(url: URL, access: RemoteAccess): void {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const refuse = (what: string, fix: string) => {
    throw new DuetError('unauthorised', what, { where: { file: url.origin }, fix });
  };
  if (!isListed(host, access.hosts) && !isListed(host, access.privateHosts)) {
    refuse(`imports may not fetch from ${host}.`, `Add it to DUET_IMPORT_HOSTS: DUET_IMPORT_HOSTS=${host}`);
  }
  if (isIP(host) !== 0 && isPrivate(host) && !isListed(host, access.privateHosts)) {
    refuse(`${host} is a private address.`, `Add it to DUET_IMPORT_PRIVATE_HOSTS: DUET_IMPORT_PRIVATE_HOSTS=${host}`);
  }
}

/** Finds a host's address, and refuses a private one before anything is sent to it. */
const guardedLookup =
  (access: RemoteAccess): LookupFunction =>
  (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const allowed = isListed(host.toLowerCase(), access.privateHosts)
        ? addresses
        : addresses.filter(({ address }) => !isPrivate(address));
      if (allowed.length === 0) {
        const fix = `Add it to DUET_IMPORT_PRIVATE_HOSTS: DUET_IMPORT_PRIVATE_HOSTS=${host}`;
        return done(new DuetError('unauthorised', `${host} has a private address.`, { fix }), '');
      }
      if (options.all) return (done as unknown as (e: null, all: typeof allowed) => void)(null, allowed);
      done(null, allowed[0]!.address, allowed[0]!.family);
    });

function request(
  url: URL,
  headers: Record<string, string>,
  access: RemoteAccess,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { get } = url.protocol === 'https:' ? https : http;
    const options = { headers, lookup: guardedLookup(access), timeout: 60_000, ...(signal && { signal }) };
    const sent = get(url, options, resolve);
    sent.on('timeout', () => sent.destroy(new Error('no answer for a minute')));
    sent.on('error', reject);
  });
}

/**
 * The body of what a URL answers, after at most five redirects, each of which is checked as the first.
 *
 * @throws DuetError `unauthorised`, `not-found` or `unavailable`
 */
export async function fetchRemote(
  location: string,
  access: RemoteAccess,
  signal?: AbortSignal,
): Promise<{ bytes: AsyncIterable<Buffer>; size: number | undefined }> {
  let url = new URL(location);
  let headers: Record<string, string> = { 'user-agent': 'duet-import', ...access.headers };
  // Whatever is secret in an address stays out of messages.
  const where = { file: `${url.origin}${url.pathname}` };
  for (let redirects = 0; redirects <= 5; redirects++) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') break;
    checkHost(url, access);
    const answer = await request(url, headers, access, signal).catch((cause: unknown) => {
      if (cause instanceof DuetError || signal?.aborted) throw cause;
      throw new DuetError('unavailable', `this cannot be fetched: ${(cause as Error).message}.`, { where, cause });
    });
    const status = answer.statusCode ?? 0;
    if (status >= 300 && status < 400 && answer.headers.location) {
      answer.resume();
      const next = new URL(answer.headers.location, url);
      if (next.origin !== url.origin) headers = { 'user-agent': 'duet-import' };
      url = next;
      continue;
    }
    if (status === 200) {
      const size = Number(answer.headers['content-length']);
      return { bytes: answer, size: Number.isFinite(size) ? size : undefined };
    }
    answer.resume();
    const code = status === 404 ? 'not-found' : status === 401 || status === 403 ? 'unauthorised' : 'unavailable';
    throw new DuetError(code, `the server answers with status ${status}.`, {
      where,
      ...(code === 'unauthorised' && { fix: 'Give what it asks for with --header "Name: value".' }),
    });
  }
  throw new DuetError('unavailable', 'this redirects too often, or to what is no web address.', { where });
}

/** `s3://bucket/key` as the URL of a service, and its headers signed (AWS Signature Version 4). */
async function signed(
  s3: S3Access,
  bucket: string,
  key: string,
  query = '',
): Promise<{ url: string; headers: Headers }> {
  const { endpoint, region, ...keys } = s3;
  const path = key.split('/').map(encodeURIComponent).join('/');
  const url = `${endpoint.replace(/\/$/, '')}/${bucket}/${path}${query}`;
  const client = new AwsClient({ ...keys, region, service: 's3' } as ConstructorParameters<typeof AwsClient>[0]);
  return { url, headers: (await client.sign(url)).headers };
}

const s3Parts = (location: string): { bucket: string; key: string } => {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  return { bucket, key };
};

function requireS3({ s3 }: RemoteAccess, location: string): S3Access {
  if (s3) return s3;
  throw new DuetError('unauthorised', 'there are no keys for S3.', {
    where: { file: location },
    fix: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for another service than AWS.',
  });
}

async function fetchS3Url(request: { url: string; headers: Headers }, access: RemoteAccess, signal?: AbortSignal) {
  return fetchRemote(request.url, { ...access, headers: Object.fromEntries(request.headers) }, signal);
}

/** The body of an object. @throws DuetError as {@link fetchRemote} */
export async function fetchS3(location: string, access: RemoteAccess, signal?: AbortSignal) {
  const { bucket, key } = s3Parts(location);
  return fetchS3Url(await signed(requireS3(access, location), bucket, key), access, signal);
}

/** Locations of all objects below `s3://bucket/prefix/`, by key. @throws DuetError as {@link fetchRemote} */
export async function listS3(location: string, access: RemoteAccess, signal?: AbortSignal): Promise<string[]> {
  const s3 = requireS3(access, location);
  const { bucket, key } = s3Parts(location);
  const found: string[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const more: string = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`;
    const query = `?list-type=2&prefix=${encodeURIComponent(key)}${more}`;
    const { bytes } = await fetchS3Url(await signed(s3, bucket, '', query), access, signal);
    const chunks: Buffer[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    const xml = Buffer.concat(chunks).toString();
    const text = (escaped: string) =>
      escaped.replace(
        /&(lt|gt|quot|apos|amp);/g,
        (_, name) => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name as 'lt'],
      );
    for (const [, object] of xml.matchAll(/<Key>([^<]*)<\/Key>/g)) found.push(`s3://${bucket}/${text(object!)}`);
    const next: string | undefined = /<NextContinuationToken>([^<]*)</.exec(xml)?.[1];
    token = next && text(next);
  }
  return found.filter((object) => !object.endsWith('/')).sort();
}
