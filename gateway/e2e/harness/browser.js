// A real, headless Chromium: the one of the system, by playwright-core, which brings none of its own.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { later } from './test.js';

const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** A fresh profile of the browser that scripts/test has found (CHROMIUM). Any error on a page's console fails the test. */
export async function openBrowser(t) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
  later(t, () => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ignoreHTTPSErrors: true });
  context.setDefaultTimeout(20_000);
  const complaints = [];
  context.on('weberror', (failure) => complaints.push(failure.error().stack));
  context.on('console', (message) => message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`));
  later(t, () => assert.deepEqual(complaints, [], 'errors on the console'));
  return { context, complaints };
}

/**
 * What a page does on the socket path, from now on: `polls` counts its HTTP requests, `sent` and `received` are the
 * frames of its WebSockets.
 */
export function watchTraffic(page) {
  const traffic = { polls: 0, sent: [], received: [] };
  page.on('request', (request) => request.url().includes('transport=polling') && traffic.polls++);
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => traffic.sent.push(payload));
    socket.on('framereceived', ({ payload }) => traffic.received.push(payload));
  });
  return traffic;
}
