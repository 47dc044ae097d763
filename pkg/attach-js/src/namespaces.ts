import { leanClient, leanSockets } from "./lean";
import { layer } from "./layer";
import { watchOutgoing } from "./outgoing";
import { countOwed } from "./owed";
import { connectingFor, recoverByGateway } from "./recovery";
import { restorationOf, restoring } from "./restoration";
import type { InnerClient, InnerNamespace, InnerServer, InnerSocket } from "./internals";

const LOWEST_ACK = 2 ** 20; // below are the gateway's own
const ACK_STEP = 2 ** 16;
const ACK_STEPS = 2 ** 15 - LOWEST_ACK / ACK_STEP;

const prepared = new WeakSet<InnerNamespace>();

/** Prepares every namespace of the server, those that are made later too. `connectable` is called when one has a connection listener. */
export function prepareNamespaces(io: InnerServer, connectable: () => void): void {
  const firstAck = LOWEST_ACK + ACK_STEP * Math.floor(Math.random() * ACK_STEPS);
  const prepare = (namespace: InnerNamespace) => {
    noticeListener(namespace, connectable);
    if (prepared.has(namespace)) return; // by an attachment before this one
    prepared.add(namespace);
    // So that an answer to a question of an earlier process is not taken for one to ours.
    namespace._ids = firstAck;
    prepareAdapter(namespace);
    keepLayered(namespace);
    restoreSockets(namespace);
    noticeHandlers(namespace);
  };
  for (const namespace of io._nsps.values()) prepare(namespace);
  io.sockets.on("new_namespace", prepare);
  noticeDynamic(io, connectable);
}

/** Those that are made by what clients ask for: their listeners are there before any of them is, and perhaps no others. */
function noticeDynamic(io: InnerServer, connectable: () => void): void {
  for (const parent of io.parentNsps.values()) noticeListener(parent as InnerNamespace, connectable);
  const { of } = io;
  io.of = (name, listener) => {
    const namespace = of.call(io, name, listener);
    if (typeof name !== "string") noticeListener(namespace, connectable);
    return namespace;
  };
}

/** io.adapter() gives each namespace another adapter. */
function keepLayered(namespace: InnerNamespace): void {
  const make = namespace._initAdapter;
  namespace._initAdapter = function () {
    make.call(namespace);
    prepareAdapter(namespace);
  };
}

function prepareAdapter({ adapter }: InnerNamespace): void {
  layer(adapter);
  recoverByGateway(adapter);
}

function restoreSockets(namespace: InnerNamespace): void {
  const make = namespace._createSocket;
  let watched = false;
  namespace._createSocket = function (client: InnerClient, auth: Record<string, unknown>) {
    leanClient(client);
    const restoration = restoring(client, namespace.name);
    const made = restoration
      ? restoration.create(namespace, client, (auth) => make.call(namespace, client, auth))
      : connectingFor(client, () => make.call(namespace, client, auth));
    if (!watched) {
      watched = true;
      void made.then(watchOutgoing);
      void made.then(leanSockets);
      void made.then(countOwed);
    }
    return made;
  };
}

/** Handlers of "connection" may be async, and listen for events only after what they await: those of restored sockets are waited for. */
function noticeHandlers(namespace: InnerNamespace): void {
  const emit = namespace.emitReserved;
  namespace.emitReserved = function (event: string, ...args: unknown[]) {
    const connects = event === "connection" || event === "connect";
    const restoration = connects ? restorationOf((args[0] as InnerSocket).client) : undefined;
    if (!restoration) return emit.call(namespace, event, ...args);
    for (const handler of namespace.rawListeners(event)) {
      const result: unknown = handler.apply(namespace, args);
      if (result instanceof Promise) restoration.goesOn(result);
    }
  };
}

/** Namespaces emit no "newListener": it is a reserved name. */
function noticeListener(namespace: InnerNamespace, connectable: () => void): void {
  if (namespace.listenerCount("connection") + namespace.listenerCount("connect") > 0) return connectable();
  for (const method of ["on", "once", "addListener"] as const) {
    const add = namespace[method];
    namespace[method] = function (event: string | symbol, listener: (...args: any[]) => void) {
      const result = add.call(namespace, event, listener);
      if (event === "connection" || event === "connect") connectable();
      return result;
    };
  }
}
