// A small app's own socket.io server with its defaults, the same handlers in both of its forms: by itself, or attached to a gateway.
//
//   PORT             where clients connect, or, attached, where it listens only to show that it is ready
//   SOCKETGATE_URL   the gateway's ATTACH_ADDR; without it the server stands by itself
//   SOCKETGATE_KEY   the gateway's ATTACH_KEY
import { createServer } from "node:http";
import { Server } from "socket.io";

const { PORT, SOCKETGATE_URL } = process.env;

const http = createServer((_, response) => response.writeHead(404).end());
const io = SOCKETGATE_URL ? new Server() : new Server(http);

io.on("connection", (socket) => {
	socket.on("join_room", (room, ack) => {
		socket.join(room);
		ack({ ok: true });
	});
	socket.on("send_message", (message) => io.to(message.roomId).emit("receive_message", message));
	socket.on("echo", (message) => socket.emit("receive_message", message));
});

if (SOCKETGATE_URL) {
	const { default: socketgate } = await import("../../../pkg/attach-js/dist/index.js");
	await socketgate.attach(io).ready;
}
http.listen(Number(PORT), "127.0.0.1");
