import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DuetError } from '@duet/base';
import { requireFreePorts } from './ports.ts';

test('a port in use is named, with whose it was to be and the option that chooses another', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const requests = [{ port, owner: 'the admin app', option: '--admin-port' }];
  await assert.rejects(requireFreePorts('127.0.0.1', requests), (error: DuetError) => {
    assert.equal(error.code, 'conflict');
    assert.match(error.message, new RegExp(`Port ${port}, for the admin app, is in use.*--admin-port`));
    return true;
  });
  await new Promise((resolve) => server.close(resolve));
  await requireFreePorts('127.0.0.1', requests);
});

test('one port for two is refused', async () => {
  const requests = ['--admin-port', '--retrieval-port'].map((option) => ({
    port: 55_690,
    owner: `what ${option} is for`,
    option,
  }));
  await assert.rejects(requireFreePorts('127.0.0.1', requests), DuetError);
});
