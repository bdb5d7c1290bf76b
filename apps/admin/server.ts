import { loadConfig, runNextApp } from '@duet/base';

// The built app behind Duet's own HTTP server, which bounds what strangers can hold and says who they are.
const config = loadConfig();
await runNextApp(config, config.adminPort, import.meta.dirname);
