// Which gateway a connection goes to, as nginx chooses by deploy/nginx/upstreams-several.conf: each client has one of its own, and
// goes to the next while that is left out.

const LEFT_OUT = 1_000; // milliseconds, after a connection was refused: fail_timeout

export class Balancer {
  #ports;
  #out = new Map(); // port to the time until which nobody is sent there

  constructor(ports) {
    this.#ports = ports;
  }

  /** The way of the client with that number: `ports` in the order in which to try them, now, and `failed` to tell of one that refused. */
  route(number) {
    const own = number % this.#ports.length;
    const order = [...this.#ports.slice(own), ...this.#ports.slice(0, own)];
    return {
      ports: () => {
        const open = order.filter((port) => !(this.#out.get(port) > performance.now()));
        return open.length > 0 ? open : order;
      },
      failed: (port) => this.leaveOut(port, LEFT_OUT),
    };
  }

  /** Sends nobody new to a gateway for so many milliseconds. */
  leaveOut(port, milliseconds) {
    this.#out.set(port, performance.now() + milliseconds);
  }
}
