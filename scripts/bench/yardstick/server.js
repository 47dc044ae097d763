// The design that the gateway replaces, as a good engineer writes it: Socket.IO 4 on Node, a JWT in the cookie
// `token`, a Map of Maps of members, encrypt, store, broadcast. The benchmark's yardstick.
//
//   PORT, JWT_SECRET, MESSAGE_ENCRYPTION_KEY (64 hex characters), DATABASE_URL (or none)
//   ROOM_MEMBERS=off   joining tells nobody who is in the room
//   REDIS_URL          several of it are one, by the classic adapter; members are those of this process
import { createCipheriv, randomBytes, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { parse } from "cookie";
import jwt from "jsonwebtoken";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

const { PORT, JWT_SECRET, MESSAGE_ENCRYPTION_KEY, DATABASE_URL, REDIS_URL, ROOM_MEMBERS } = process.env;
const key = Buffer.from(MESSAGE_ENCRYPTION_KEY, "hex");
const pool = DATABASE_URL === "none" ? null : new pg.Pool({ connectionString: DATABASE_URL, max: 10 });

const http = createServer((_, response) => response.writeHead(404).end());
const io = new Server(http);

if (REDIS_URL) {
	// A publish that has waited for 5 s is rejected by default, which the adapter does not catch: a busy server would end of it.
	const publisher = createClient({ url: REDIS_URL, commandOptions: { timeout: undefined } });
	const subscriber = publisher.duplicate();
	for (const client of [publisher, subscriber]) client.on("error", (error) => console.error("redis:", error.message)); // it connects anew
	await Promise.all([publisher.connect(), subscriber.connect()]);
	io.adapter(createAdapter(publisher, subscriber));
}

io.use((socket, next) => {
	try {
		const { token } = parse(socket.handshake.headers.cookie ?? "");
		const { userId, username } = jwt.verify(token, JWT_SECRET, { algorithms: ["HS256"] });
		socket.data.user = { userId, username };
		next();
	} catch {
		next(new Error("Authentication error"));
	}
});

const roomMembers = new Map(); // room -> socket id -> user

function tellMembers(room) {
	if (ROOM_MEMBERS === "off") return;
	io.to(room).emit("room_members", [...(roomMembers.get(room)?.values() ?? [])]);
}

function enter(socket, room) {
	let members = roomMembers.get(room);
	if (!members) roomMembers.set(room, (members = new Map()));
	members.set(socket.id, socket.data.user);
}

function leave(socket, room) {
	const members = roomMembers.get(room);
	if (!members?.delete(socket.id)) return;
	if (members.size === 0) roomMembers.delete(room);
	else tellMembers(room);
}

function encrypt(text) {
	const iv = randomBytes(16);
	const cipher = createCipheriv("aes-256-gcm", key, iv);
	const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
	return `${iv.toString("hex")}:${cipher.getAuthTag().toString("hex")}:${sealed.toString("hex")}`;
}

const insert = {
	name: "insert message",
	text: `INSERT INTO "Message" (id, text, "userId", "roomId", "createdAt") VALUES ($1, $2, $3, $4, $5)`,
};

async function store(text, userId, roomId) {
	const row = { id: randomUUID(), text: encrypt(text), userId, roomId, createdAt: new Date() };
	if (pool) await pool.query({ ...insert, values: Object.values(row) });
	return row;
}

io.on("connection", (socket) => {
	const { user } = socket.data;

	socket.on("join_room", (room, ack) => {
		for (const other of socket.rooms) {
			if (other === socket.id || other === room) continue;
			socket.leave(other);
			leave(socket, other);
		}
		socket.join(room);
		enter(socket, room);
		tellMembers(room);
		ack?.({ ok: true });
	});

	socket.on("send_message", async (data, ack) => {
		try {
			if (!socket.rooms.has(data.roomId)) return ack?.({ ok: false, error: "join the room first" });
			const row = await store(data.text, user.userId, data.roomId);
			const message = { ...data, ...row, text: data.text, user: { username: user.username } };
			io.to(data.roomId).emit("receive_message", message);
			ack?.({ ok: true, message });
		} catch (error) {
			console.error("send_message:", error.message);
			ack?.({ ok: false, error: "the message could not be stored" });
		}
	});

	socket.on("disconnecting", () => {
		for (const room of socket.rooms) leave(socket, room);
	});
});

http.listen(Number(PORT), "127.0.0.1");
