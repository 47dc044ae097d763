import { join } from 'node:path';
import type { NextConfig } from 'next';

process.env.NEXT_TELEMETRY_DISABLED = '1';

const config: NextConfig = {
  // Both are plain Node, and are to be one copy each for the server of sockets and for the routes.
  serverExternalPackages: ['socket.io', '@socketgate/attach'],
  turbopack: { root: join(__dirname, '../..') }, // the package is linked from there
  outputFileTracingRoot: join(__dirname, '../..'),
  poweredByHeader: false,
};

export default config;
