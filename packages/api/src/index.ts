export { authenticate, type Context, createKeyCheck } from './context.ts';
export { type AppRouter, appRouter } from './router.ts';
