import type { NextConfig } from 'next';

process.env.NEXT_TELEMETRY_DISABLED = '1';

// What every answer says. Content-Security-Policy is made for each request (src/proxy.ts), and Strict-Transport-Security is
// said by the proxy that has the TLS.
const headers = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Resource-Policy', value: 'same-origin' },
];

const config: NextConfig = {
  // `next start` serves the ordinary output; the image is built with the small one.
  output: process.env.NEXT_OUTPUT === 'standalone' ? 'standalone' : undefined,
  outputFileTracingRoot: __dirname,
  turbopack: { root: __dirname },
  poweredByHeader: false,
  experimental: { serverActions: { bodySizeLimit: '16kb' } }, // of names and passwords
  headers: async () => [{ source: '/:path*', headers }],
};

export default config;
