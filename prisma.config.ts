// Prisma's command line reads this. A plain object, since `prisma` is a dependency of packages/db alone.
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://localhost:5432/duet' },
};
