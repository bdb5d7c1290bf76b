export { assignmentOf } from './assignment.ts';
export { authenticate, type Caller, type Context, createKeyCheck } from './context.ts';
export { answerCall, failure, type Reply } from './http.ts';
export { createRateLimiter } from './limits.ts';
export { openApiOf } from './openapi.ts';
export { inputOfUrl, type Operation, operationsOf } from './operations.ts';
export { requireScope } from './procedures.ts';
export { referencePage } from './reference.ts';
export { appRouter } from './router.ts';
