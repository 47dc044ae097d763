// The line between one client and the gateway: a TCP proxy that can be cut, delayed, silenced, or torn at one end only.
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A line to a port of the loopback, which a route (balancer.js) chooses for each connection. Clients use `url`. */
export class Line {
  #server;
  #route;
  #pairs = new Set();
  #ways = []; // {at, port}: where each connection went, and when
  #down = false;
  #delay = 0;
  #quiet; // a promise while nothing passes
  #loud;
  /** When its connections were last broken, as performance.now(). */
  brokenAt = -Infinity;

  constructor(route) {
    this.#route = route;
    this.#server = createServer({ noDelay: true }, (client) => void this.#accept(client));
  }

  async open() {
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.host = `127.0.0.1:${this.#server.address().port}`;
    this.url = `http://${this.host}`;
  }

  /** The port that the latest connection before a time led to. */
  portAt(time) {
    return this.#ways.findLast(({ at }) => at <= time)?.port;
  }

  close() {
    this.down();
    this.speak();
    this.#server.close();
  }

  /** Ends every connection, or those to one port, by FIN or by RST. New ones are served at once. */
  cut(reset = false, port = undefined) {
    for (const { client, server, to } of this.#pairs) {
      if (port !== undefined && port !== to) continue;
      this.brokenAt = performance.now();
      for (const end of [client, server]) reset ? end.resetAndDestroy() : end.destroy();
    }
  }

  /** Ends every connection and refuses new ones, until up() is called. */
  down() {
    this.#down = true;
    this.brokenAt = performance.now();
    this.cut();
  }

  up() {
    this.#down = false;
  }

  /** The client loses its connections and may open others, while the gateway hears of it only after `milliseconds`. */
  tearAtClient(milliseconds) {
    this.#tear('client', 'server', milliseconds);
  }

  /** The gateway loses the connections, while the client hears of it only after `milliseconds`. */
  tearAtGateway(milliseconds) {
    this.#tear('server', 'client', milliseconds);
  }

  /** Nothing passes in either direction, and nobody is told, until speak() is called: then all of it passes. */
  silence() {
    this.brokenAt = performance.now();
    this.#quiet ??= new Promise((resolve) => (this.#loud = resolve));
  }

  speak() {
    if (this.#quiet) this.brokenAt = performance.now(); // who was quiet may be found out now
    this.#loud?.();
    this.#quiet = this.#loud = undefined;
  }

  /** Whatever is read passes so much later, in order. 0 ends it. */
  delay(milliseconds) {
    this.#delay = milliseconds;
  }

  #tear(lost, kept, milliseconds) {
    for (const pair of this.#pairs) {
      pair.torn = true;
      this.brokenAt = performance.now();
      pair[kept].pause();
      pair[lost].destroy();
      setTimeout(() => pair[kept].destroy(), milliseconds).unref();
    }
  }

  async #accept(client) {
    client.on('error', () => {});
    const server = this.#down ? undefined : await this.#connect();
    if (!server || this.#down || client.destroyed) {
      server?.destroy();
      return client.destroy();
    }
    const pair = { client, server, to: server.remotePort };
    this.#pairs.add(pair);
    this.#ways.push({ at: performance.now(), port: pair.to });
    for (const [end, other] of [[client, server], [server, client]]) {
      end.on('close', () => client.closed && server.closed && this.#pairs.delete(pair));
      this.#carry(end, other, pair);
    }
  }

  async #connect() {
    for (const port of this.#route.ports()) {
      const server = connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {});
      const connected = await new Promise((resolve) => {
        server.once('connect', () => resolve(true)).once('close', () => resolve(false));
      });
      if (connected) return server;
      this.#route.failed(port);
    }
  }

  /** The time that whatever is said takes, an end as well: it is behind the last bytes. */
  async #passage() {
    if (this.#delay > 0) await pause(this.#delay);
    await this.#quiet;
  }

  async #carry(from, to, pair) {
    try {
      for await (const bytes of from) {
        await this.#passage();
        if (pair.torn || to.destroyed) return;
        to.write(bytes);
      }
      await this.#passage();
      if (!pair.torn) to.destroySoon();
    } catch { // an end that was reset
      await this.#passage();
      if (!pair.torn) to.destroy();
    }
  }
}
