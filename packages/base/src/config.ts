import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { urlOf } from './address.ts';
import { DuetError } from './error.ts';

const port = z.coerce.number().int().min(1).max(65_535);

/** Prisma's way to name a schema, `?schema=`, and PostgreSQL's in `?options=`: either would divide the tables. */
function keepsToPublic(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { searchParams } = new URL(url);
  const schema = searchParams.get('schema') ?? 'public';
  return schema === 'public' && !searchParams.get('options')?.includes('search_path');
}

/** Addresses, each perhaps with the bits of its network. */
const isListOfNetworks = (text: string): boolean =>
  text === '' ||
  text.split(',').every((one) => {
    const [address = '', bits, ...rest] = one.trim().split('/');
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most));
  });

/** Groups of a provider and the roles they give: `group=role`, comma separated. */
const rolesByGroup = /^([^=,]+=(viewer|merchandiser|analyst|admin)(,|$))*$/;

/** Every setting that the environment can carry: its name, what it means, and how it is read. */
const schema = z.object({
  dataDir: z.string().min(1),
  databaseUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgresql://')
    .refine(keepsToPublic, 'names a schema, but Duet keeps its tables in "public": give it a database of its own')
    .optional(),
  postgresPort: port,
  host: z.string().min(1),
  adminPort: port,
  storefrontPort: port,
  retrievalPort: port,
  healthPort: port.optional(),
  workerMetricsPort: port.optional(),
  retrievalUrl: z.url().optional(),
  publicUrl: z.url().optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  adminEmail: z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'),
  adminPassword: z.string().min(8, 'must have at least 8 characters').optional(),
  adminUrl: z.url({ protocol: /^https?$/ }).optional(),
  oidcIssuer: z.url({ protocol: /^https?$/ }).optional(),
  oidcClientId: z.string().optional(),
  oidcClientSecret: z.string().optional(),
  oidcName: z.string().max(60),
  oidcDomains: z.string(),
  oidcRoleClaim: z.string(),
  oidcRoles: z.string().regex(rolesByGroup, 'must be a list such as duet-admins=admin,shop=merchandiser'),
  corsOrigins: z.string(),
  orderLimit: z.string().regex(/^\d+(,[A-Z]{3}=\d+)*$/, 'must be a number, then perhaps others by currency'),
  annEngine: z.enum(['faiss-avx2', 'faiss', 'faiss-node', 'exact']).optional(),
  executor: z.enum(['onnx', 'tfjs']).optional(),
  device: z.enum(['cpu', 'cuda', 'webgpu']).optional(),
  threads: z.coerce.number().int().min(1).max(256),
  checkpointMinutes: z.coerce.number().gt(0).max(10_000),
  metricsFile: z.string().optional(),
  rateLimit: z.coerce.number().int().min(1).max(1_000_000),
  rateBurst: z.coerce.number().int().min(1).max(1_000_000),
  maxConnections: z.coerce.number().int().min(2).max(1_000_000),
  trustedProxies: z.string().refine(isListOfNetworks, 'must be addresses and networks, such as 127.0.0.1,10.0.0.0/8'),
  maxInFlight: z.coerce.number().int().min(1).max(100_000),
  requestTimeoutMs: z.coerce.number().int().min(1).max(600_000),
  drainMs: z.coerce.number().int().min(0).max(600_000),
  backupDir: z.string().optional(),
  backupHours: z.coerce.number().gt(0).max(10_000),
  backupKeep: z.coerce.number().int().min(1).max(10_000),
  indexVersions: z.coerce.number().int().min(1).max(1000),
  importMemoryMb: z.coerce.number().int().min(64).optional(),
  importMaxBytes: z.coerce.number().int().min(1),
  importMaxRows: z.coerce.number().int().min(1),
  importHosts: z.string(),
  importPrivateHosts: z.string(),
});

export type Config = z.infer<typeof schema> & { retrievalUrl: string };

/** What each setting's variable is, its default, and its meaning: the documentation that README and `doctor` print. */
export const settings: readonly { key: keyof Config; env: string; default: string; meaning: string }[] = [
  {
    key: 'dataDir',
    env: 'DUET_DATA_DIR',
    default: './data',
    meaning: 'Where datasets, models, indexes, logs and the embedded database live.',
  },
  { key: 'databaseUrl', env: 'DATABASE_URL', default: '', meaning: 'A PostgreSQL to use instead of the embedded one.' },
  { key: 'postgresPort', env: 'DUET_POSTGRES_PORT', default: '54329', meaning: 'Port of the embedded PostgreSQL.' },
  { key: 'host', env: 'DUET_HOST', default: '127.0.0.1', meaning: 'Address that the services listen on.' },
  { key: 'adminPort', env: 'DUET_ADMIN_PORT', default: '4100', meaning: 'Port of the admin app.' },
  { key: 'storefrontPort', env: 'DUET_STOREFRONT_PORT', default: '4200', meaning: 'Port of the example storefront.' },
  {
    key: 'workerMetricsPort',
    env: 'DUET_WORKER_METRICS_PORT',
    default: '',
    meaning: 'Port at which the worker serves /metrics to keys of the scope metrics; it does not when empty.',
  },
  { key: 'retrievalPort', env: 'DUET_RETRIEVAL_PORT', default: '4300', meaning: 'Port of the retrieval service.' },
  {
    key: 'healthPort',
    env: 'DUET_HEALTH_PORT',
    default: '',
    meaning: 'Port at which `duet start` tells a monitor how its services are (/health); none when empty.',
  },
  {
    key: 'retrievalUrl',
    env: 'DUET_RETRIEVAL_URL',
    default: '',
    meaning: 'Where the admin app and the storefront reach the retrieval service; on this machine when empty.',
  },
  {
    key: 'publicUrl',
    env: 'DUET_PUBLIC_URL',
    default: '',
    meaning: 'Where browsers and other programs reach the retrieval service, which its OpenAPI document then names.',
  },
  { key: 'logLevel', env: 'DUET_LOG_LEVEL', default: 'info', meaning: 'debug, info, warn, error or silent.' },
  {
    key: 'adminPassword',
    env: 'DUET_ADMIN_PASSWORD',
    default: '',
    meaning: 'The password that the first account of the admin gets; made and kept in the data folder when empty.',
  },
  {
    key: 'adminEmail',
    env: 'DUET_ADMIN_EMAIL',
    default: 'admin@localhost',
    meaning: 'What the first account of the admin logs in with.',
  },
  {
    key: 'adminUrl',
    env: 'DUET_ADMIN_URL',
    default: '',
    meaning: 'Address that people reach the admin at, for the links that it makes; as they ask for it when empty.',
  },
  {
    key: 'oidcIssuer',
    env: 'DUET_OIDC_ISSUER',
    default: '',
    meaning: 'Issuer of an OpenID Connect provider that people may log in to the admin by; none when empty.',
  },
  { key: 'oidcClientId', env: 'DUET_OIDC_CLIENT_ID', default: '', meaning: 'What the provider knows the admin by.' },
  {
    key: 'oidcClientSecret',
    env: 'DUET_OIDC_CLIENT_SECRET',
    default: '',
    meaning: 'The secret that the provider gave the admin; a public client has none.',
  },
  {
    key: 'oidcName',
    env: 'DUET_OIDC_NAME',
    default: 'single sign-on',
    meaning: 'What the log-in page calls the provider: "Log in with …".',
  },
  {
    key: 'oidcDomains',
    env: 'DUET_OIDC_DOMAINS',
    default: '',
    meaning:
      'Domains of e-mails, comma separated, whose owners get an account by logging in; only invited ones when empty.',
  },
  {
    key: 'oidcRoleClaim',
    env: 'DUET_OIDC_ROLE_CLAIM',
    default: 'groups',
    meaning: 'Claim of the provider that names the groups of somebody.',
  },
  {
    key: 'oidcRoles',
    env: 'DUET_OIDC_ROLES',
    default: '',
    meaning: 'Roles by group, the first that fits counts: duet-admins=admin,shop=merchandiser. Viewer where none does.',
  },
  {
    key: 'corsOrigins',
    env: 'DUET_CORS_ORIGINS',
    default: '',
    meaning:
      'Origins, comma separated, whose browsers may call the retrieval service, beside those of publishable keys.',
  },
  {
    key: 'orderLimit',
    env: 'DUET_ORDER_LIMIT',
    default: '100000',
    meaning: 'The most that one order line may be worth, in any currency, then in single ones: 100000,JPY=15000000.',
  },
  {
    key: 'annEngine',
    env: 'DUET_ANN_ENGINE',
    default: '',
    meaning: 'faiss-avx2, faiss, faiss-node or exact; the best there is when empty.',
  },
  {
    key: 'executor',
    env: 'DUET_EXECUTOR',
    default: '',
    meaning: 'onnx or tfjs, for training; onnx where it loads when empty.',
  },
  {
    key: 'device',
    env: 'DUET_DEVICE',
    default: '',
    meaning: 'cpu, cuda or webgpu, for the onnx executor; cuda where its library and a GPU are found when empty.',
  },
  {
    key: 'threads',
    env: 'DUET_THREADS',
    default: '1',
    meaning: "Threads of a training process's graph; one more assembles its batches.",
  },
  {
    key: 'checkpointMinutes',
    env: 'DUET_CHECKPOINT_MINUTES',
    default: '5',
    meaning: 'Minutes between the checkpoints of a training within an epoch; one is kept after each epoch in any case.',
  },
  {
    key: 'metricsFile',
    env: 'DUET_METRICS',
    default: '',
    meaning: "A JSON file with the shop's own metrics of experiments, beside Duet's.",
  },
  {
    key: 'rateLimit',
    env: 'DUET_RATE_LIMIT',
    default: '500',
    meaning: 'Requests a second that an API key may send on average, unless it has a limit of its own.',
  },
  {
    key: 'rateBurst',
    env: 'DUET_RATE_BURST',
    default: '1000',
    meaning: 'Requests that an API key may send at once, unless it has a limit of its own.',
  },
  {
    key: 'maxConnections',
    env: 'DUET_MAX_CONNECTIONS',
    default: '4096',
    meaning: 'Connections that a service holds at once; one address holds half of them at most.',
  },
  {
    key: 'trustedProxies',
    env: 'DUET_TRUSTED_PROXIES',
    default: '',
    meaning:
      'Addresses and networks, comma separated, of proxies before the services, whose X-Forwarded-* headers count.',
  },
  {
    key: 'maxInFlight',
    env: 'DUET_MAX_IN_FLIGHT',
    default: '256',
    meaning: 'Requests that the retrieval service works on at once; further ones wait, for less than half a second.',
  },
  {
    key: 'requestTimeoutMs',
    env: 'DUET_REQUEST_TIMEOUT_MS',
    default: '5000',
    meaning: 'Milliseconds within which the retrieval service answers, if only with an error.',
  },
  {
    key: 'drainMs',
    env: 'DUET_DRAIN_MS',
    default: '1000',
    meaning: 'Milliseconds for which a stopping retrieval service still answers, so that a load balancer can notice.',
  },
  {
    key: 'backupDir',
    env: 'DUET_BACKUP_DIR',
    default: '',
    meaning: 'Folder into which the worker backs everything up by itself; it does not when empty.',
  },
  { key: 'backupHours', env: 'DUET_BACKUP_HOURS', default: '24', meaning: 'Hours between two such backups.' },
  { key: 'backupKeep', env: 'DUET_BACKUP_KEEP', default: '7', meaning: 'Newest of them that are kept.' },
  {
    key: 'indexVersions',
    env: 'DUET_INDEX_VERSIONS',
    default: '5',
    meaning:
      'Newest indexes of a model that are kept, to go back to one; what serves or is pinned is kept in any case.',
  },
  {
    key: 'importMemoryMb',
    env: 'DUET_IMPORT_MEMORY_MB',
    default: '',
    meaning: "Megabytes that an import may hold; a quarter of the machine's, at most 1024, when empty.",
  },
  {
    key: 'importMaxBytes',
    env: 'DUET_IMPORT_MAX_BYTES',
    default: '200000000000',
    meaning: 'Bytes that the files of an import may have once they are unpacked.',
  },
  {
    key: 'importMaxRows',
    env: 'DUET_IMPORT_MAX_ROWS',
    default: '2000000000',
    meaning: 'Rows that a file of an import may have.',
  },
  {
    key: 'importHosts',
    env: 'DUET_IMPORT_HOSTS',
    default: '',
    meaning: 'Hosts, comma separated, that imports may fetch files from; *.example.com for all below it, * for any.',
  },
  {
    key: 'importPrivateHosts',
    env: 'DUET_IMPORT_PRIVATE_HOSTS',
    default: '',
    meaning: 'Hosts that imports may fetch files from though their address is a private one.',
  },
];

/** Settings whose value is a secret, or may hold one: no error and no list repeats it. */
export const secretSettings: ReadonlySet<keyof Config> = new Set(['databaseUrl', 'adminPassword', 'oidcClientSecret']);

/** The checkout's root, wherever a command is run in it. */
export const repositoryRoot = (): string =>
  process.env.DUET_ROOT ?? path.resolve(path.dirname(new URL(import.meta.url).pathname), '../../..');

/**
 * Reads the settings. An empty variable counts as absent.
 *
 * @throws DuetError `bad-input` naming the variable, its value and what it must be
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const raw = Object.fromEntries(
    settings.map(({ key, env: name, default: fallback }) => [key, env[name] || fallback || undefined]),
  );
  const lists = { corsOrigins: '', importHosts: '', importPrivateHosts: '', trustedProxies: '' };
  const texts = { ...lists, oidcDomains: '', oidcRoles: '' };
  const parsed = schema.safeParse({
    ...texts,
    ...Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const setting = settings.find(({ key }) => key === issue.path[0])!;
    const value = secretSettings.has(setting.key) ? '' : ` is "${env[setting.env] ?? ''}":`;
    throw new DuetError('bad-input', `${setting.env}${value} ${issue.message}.`, {
      fix: `${setting.meaning}${setting.default ? ` Default: ${setting.default}.` : ''}`,
    });
  }
  if ((parsed.data.oidcIssuer === undefined) !== (parsed.data.oidcClientId === undefined)) {
    throw new DuetError('bad-input', 'DUET_OIDC_ISSUER and DUET_OIDC_CLIENT_ID belong together; one of them is empty.');
  }
  const { dataDir, host, retrievalPort, retrievalUrl = urlOf(host, retrievalPort) } = parsed.data;
  return { ...parsed.data, retrievalUrl, dataDir: path.resolve(repositoryRoot(), dataDir) };
}
