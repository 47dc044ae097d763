// The web app's own server, as it speaks to a gateway that has API_ADDR.
import assert from 'node:assert/strict';
import { until } from './waiting.js';

/** The key that every gateway of the tests takes, and no log may hold. */
export const API_KEY = 'the-key-of-the-app-Vn2k0c6i3Q0rJ8sXbT1yLw9eZuGhD5aP';

/** Variables of a gateway that the app speaks to. */
export const HEARD = { API_ADDR: '127.0.0.1:0', API_KEY };

/** Where a gateway hears the app. */
export async function apiOf(gateway) {
  const { api } = await until('the API to listen', () => gateway.entries().find((entry) => entry.msg === 'the web app is heard (API_ADDR)'));
  return `http://${api}`;
}

/** Asks, and answers the status and the body. `key` and `idempotencyKey` become headers; a `body` that is a string is sent as it is. */
export async function request(gateway, path, body, { key = API_KEY, idempotencyKey, method = 'POST', ...options } = {}) {
  const headers = { 'content-type': 'application/json', ...options.headers };
  if (key) headers.authorization = `Bearer ${key}`;
  if (idempotencyKey) headers['idempotency-key'] = idempotencyKey;
  const response = await fetch(`${await apiOf(gateway)}/api/${path}`, {
    method, headers, body: method === 'GET' || typeof body === 'string' ? body : JSON.stringify(body), signal: AbortSignal.timeout(20_000), ...options.fetch,
  });
  return { status: response.status, answer: await response.json() };
}

/** Asks, and fails unless it is done. */
export async function speak(gateway, path, body, options) {
  const { status, answer } = await request(gateway, path, body, options);
  assert.equal(status, 200, `${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Fails if a gateway's log has the key, or a large part of it. */
export function keepsTheKey(gateway) {
  assert.ok(!gateway.log.includes(API_KEY.slice(0, 20)) && !gateway.log.includes(API_KEY.slice(20)), 'the log has the API key');
}
