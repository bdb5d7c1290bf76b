import { prepareSystem } from './system.ts';

await prepareSystem();
