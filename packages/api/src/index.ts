export { authenticate, type Context, createKeyCheck } from './context.ts';
export { appRouter } from './router.ts';
