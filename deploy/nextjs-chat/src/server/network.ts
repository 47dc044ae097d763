import 'server-only';
import { isIPv6 } from 'node:net';

/**
 * Whose network a request comes from: the key to count by. Of an IPv6 address that is its /64, for whoever has one address of
 * those has all 2^64 of them. The last entry of X-Forwarded-For is what the proxy in front saw itself; without a proxy
 * everybody is counted together.
 */
export function network(headers: Pick<Headers, 'get'>): string {
  const address = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return isIPv6(address) ? prefix(address) : address;
}

function prefix(address: string): string {
  const shortest = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1); // in hex, with one :: for zeros
  const [head = [], tail = []] = shortest.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const isIPv4 = groups.slice(0, 6).join() === '0,0,0,0,0,ffff'; // ::ffff:192.0.2.1
  return isIPv4 ? groups.join(':') : groups.slice(0, 4).join(':');
}
