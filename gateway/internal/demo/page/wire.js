// The one Socket.IO connection of this window. It speaks like any app's client: io(), emit, ack.

const ACK_TIMEOUT = 10_000; // ms
const REFUSED_RETRY = 2_000; // ms; a refused client doesn't come back by itself

// open connects and keeps connected.
//   token()              resolves to a fresh token for each attempt: they expire, and so does the demo's secret
//   onState(state, why, recovered)  "connecting" | "connected" | "reconnecting" | "refused" | "ended"; recovered tells of a
//                        connection that goes on where the last one ended: in its room, with what was said meanwhile to come
//   on                   {event: handler} for what the gateway emits
//   onTraffic(way, event, payload)  everything that passes, way is "out" | "in" | "ack" | "line"
export function open({ path, token, onState, on, onTraffic }) {
  const socket = io({
    path,
    auth: (send) => token().then((token) => send({ token }), () => send({})),
    reconnectionDelay: 400,
    reconnectionDelayMax: 4_000,
  });
  let lost = ""; // why the connection ended, until there is a new one

  socket.on("connect", () => {
    lost = "";
    onTraffic("line", "connect", { sid: socket.id, recovered: socket.recovered });
    onState("connected", "", socket.recovered);
  });
  socket.on("disconnect", (reason) => {
    lost = reason;
    onTraffic("line", "disconnect", reason);
    onState(socket.active ? "reconnecting" : "ended", reason);
  });
  socket.on("connect_error", (error) => {
    onTraffic("line", "connect_error", error.message);
    if (socket.active) {
      onState(lost ? "reconnecting" : "connecting", lost || error.message);
      return;
    }
    lost = error.message;
    onState("refused", error.message);
    setTimeout(() => socket.connect(), REFUSED_RETRY);
  });

  socket.onAny((event, payload) => onTraffic("in", event, payload));
  for (const [event, handler] of Object.entries(on)) socket.on(event, handler);

  return {
    get connected() { return socket.connected; },
    reconnect() { socket.connect(); },
    // cut ends the connection as a network does that goes away, and lets it come back after some milliseconds.
    cut(ms) {
      socket.io.reconnection(false);
      socket.io.engine.close();
      setTimeout(() => { socket.io.reconnection(true); socket.connect(); }, ms);
    },
    // call emits an event and resolves to its ack; no answer in time is an answer, too.
    call(event, payload) {
      onTraffic("out", event, payload);
      return new Promise((resolve) => {
        socket.timeout(ACK_TIMEOUT).emit(event, payload, (error, ack) => {
          const reply = error ? { ok: false, code: "no_answer", error: error.message } : ack ?? { ok: false, error: "empty ack" };
          onTraffic("ack", event, reply);
          resolve(reply);
        });
      });
    },
  };
}
