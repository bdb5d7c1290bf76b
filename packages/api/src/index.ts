export { authenticate, type Caller, type Context, createKeyCheck } from './context.ts';
export { asTrpcError } from './procedures.ts';
export { type AppRouter, appRouter } from './router.ts';
