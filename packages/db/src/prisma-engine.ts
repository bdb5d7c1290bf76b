import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
} from '@prisma/driver-adapter-utils';
import { type MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';

// Prisma's schema engine as WebAssembly: what `prisma migrate` runs, without the download of its native build. Tests
// hold our own runner and schema.prisma against it.

const prismaFolder = path.join(repositoryRoot(), 'prisma');
const filters = { externalTables: [], externalEnums: [] };

/**
 * A driver adapter that can read PostgreSQL's catalogue and run any script. The engine's introspection selects columns
 * of the internal type "char", which the adapter of 7.10 refuses: they are passed to it as text and to the engine as
 * characters.
 * Scripts are sent whole, as the native engine does: the adapter cuts them at every semicolon, also within a function's
 * body.
 */
function catalogueAdapter(url: string) {
  const charColumns = new Set<string>();
  const pool = new pg.Pool({ connectionString: url });
  const queryPool = pool.query.bind(pool) as (...query: unknown[]) => Promise<pg.QueryResult>;
  pool.query = (async (...query: unknown[]) => {
    const result = await queryPool(...query);
    for (const field of result.fields ?? []) {
      if (field.dataTypeID !== pg.types.builtins.CHAR) continue;
      field.dataTypeID = pg.types.builtins.TEXT;
      charColumns.add(field.name);
    }
    return result;
  }) as typeof pool.query;
  const factory = new PrismaPg(pool, { disposeExternalPool: true });
  const connectPlain = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter: SqlDriverAdapter = await connectPlain();
    adapter.executeScript = async (script) => {
      await queryPool(script);
    };
    const queryPlain = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryPlain(query);
      const columnTypes = result.columnTypes.map((type, i) =>
        charColumns.has(result.columnNames[i]!) ? ColumnTypeEnum.Character : type,
      );
      return { ...result, columnTypes };
    };
    return adapter as Awaited<ReturnType<typeof connectPlain>>;
  };
  return bindMigrationAwareSqlAdapterFactory(factory);
}

async function withEngine<T>(url: string, work: (engine: SchemaEngine, schema: string) => Promise<T>): Promise<T> {
  const schema = await readFile(path.join(prismaFolder, 'schema.prisma'), 'utf8');
  const options = { datamodels: [['schema.prisma', schema]] as [string, string][] };
  const engine = await SchemaEngine.new(options, () => {}, catalogueAdapter(url));
  try {
    return await work(engine, schema);
  } finally {
    engine.free();
  }
}

async function migrationList(): Promise<MigrationList> {
  const baseDir = path.join(prismaFolder, 'migrations');
  const names = (await readdir(baseDir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return {
    baseDir,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(path.join(baseDir, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.map(async ({ name }) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(path.join(baseDir, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  };
}

/** The names that `prisma migrate deploy` applies. */
export const applyWithPrisma = (url: string): Promise<string[]> =>
  withEngine(url, async (engine) => {
    const result = await engine.applyMigrations({ migrationsList: await migrationList(), filters });
    return result.appliedMigrationNames;
  });

/** What `prisma migrate status` finds. */
export const diagnoseWithPrisma = (url: string) =>
  withEngine(url, async (engine) => {
    const found = await engine.diagnoseMigrationHistory({
      migrationsList: await migrationList(),
      optInToShadowDatabase: false,
      filters,
    });
    return {
      edited: found.editedMigrationNames,
      failed: found.failedMigrationNames,
      history: found.history?.diagnostic ?? null,
    };
  });

/** The SQL that would turn the database into what schema.prisma says: `prisma migrate diff`. */
export const driftFromSchema = (url: string): Promise<string> =>
  withEngine(url, async (engine, schema) => {
    const files = [{ path: 'schema.prisma', content: schema }];
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: prismaFolder },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters,
    });
    return stdout ?? '';
  });
