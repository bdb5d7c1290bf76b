import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });

/**
 * The whole system as a user starts it, on the real data, in a folder and on ports of its own. One epoch of training is
 * enough for what these tests claim. Returns how to stop it.
 */
export default async function startSystem(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'duet-e2e-'));
  const [admin, storefront, retrieval, postgres] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const ports = { admin, storefront, retrieval, postgres };
  const options = Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, String(port)]);
  const duet = path.join(import.meta.dirname, '../apps/cli/bin/duet.mjs');
  const child = spawn(
    process.execPath,
    [duet, 'start', '--epochs', '1', '--no-avx2', '--data-dir', path.join(folder, 'data'), ...options],
    { stdio: ['ignore', 'inherit', 'pipe'], env: { ...process.env, DATABASE_URL: '' } },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  const ready = await new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      process.stderr.write(chunk);
      if (said.includes('Ctrl-C stops everything')) resolve(true);
    });
    child.once('close', () => resolve(false));
  });
  if (!ready) {
    await stop();
    throw new Error(`duet start ended before it was ready:\n${said.slice(-3000)}`);
  }
  process.env.E2E_DATA_DIR = path.join(folder, 'data');
  process.env.E2E_ADMIN_URL = `http://127.0.0.1:${admin}`;
  process.env.E2E_STOREFRONT_URL = `http://127.0.0.1:${storefront}`;
  process.env.E2E_RETRIEVAL_URL = `http://127.0.0.1:${retrieval}`;
  return stop;
}
