import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceOf } from './device.ts';

const chrome = (system: string, more = '') =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${more}Safari/537.36`;

test('a user agent tells its class, and a bot is one whatever else it claims to be', () => {
  const seen: [agent: string | null, device: string][] = [
    [chrome('Windows NT 10.0; Win64; x64', 'Chrome/140.0.0.0 '), 'desktop'],
    [chrome('Macintosh; Intel Mac OS X 10_15_7', 'Chrome/140.0.0.0 '), 'desktop'],
    [chrome('Linux; Android 10; K', 'Chrome/140.0.0.0 Mobile '), 'phone'],
    [chrome('Linux; Android 10; K', 'Chrome/140.0.0.0 '), 'tablet'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari/604.1',
      'phone',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1.2 Mobile/15E148 Safari/604.1',
      'tablet',
    ],
    [chrome('Linux; Android 6.0.1; Nexus 5X', 'Chrome/140.0.0.0 Mobile (compatible; Googlebot/2.1) '), 'bot'],
    [chrome('X11; Linux x86_64', 'HeadlessChrome/140.0.0.0 '), 'bot'],
    ['curl/8.5.0', 'bot'],
    ['', 'bot'],
    [null, 'bot'],
  ];
  for (const [agent, device] of seen) assert.equal(deviceOf(agent), device, String(agent));
});
