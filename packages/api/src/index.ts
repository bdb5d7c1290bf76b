export { assignmentOf } from './assignment.ts';
export { authenticate, type Caller, type Context, createKeyCheck } from './context.ts';
export { answerCall, failure, type Reply } from './http.ts';
export { type Allowance, createRateLimiter, type Rate } from './limits.ts';
export { type OpenApi, openApiOf } from './openapi.ts';
export { inputOfUrl, type Operation, operationsOf } from './operations.ts';
export { appRouter } from './router.ts';
