export { type OnlineTable, onlineMarkdown } from './online-table.ts';
export { type SimulateContext, type Simulated, type SimulateRequest, simulate } from './simulate.ts';
export { worldDefaults } from './world/world.ts';
