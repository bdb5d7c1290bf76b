export { type Fixture, type Ingredients, keptFolder, loadFixture, type Place } from './fixture.ts';
export { createTestDatabase, freePort, startTestServer } from './test-database.ts';
