package check

import (
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/config"
)

const schemaOfFields = `
enum MessageType { 
  TEXT 
  IMAGE 
}
model ChatMessage {
  id        String      @id @default(cuid())
  content   String?
  senderId  String
  chatId    String
  type      MessageType @default(TEXT)
  fileUrl   String?     @map("file_url")
  fileName  String?
  replyToId String?
  replyTo   ChatMessage? @relation("Replies", fields: [replyToId], references: [id])
  replies   ChatMessage[] @relation("Replies")
  createdAt DateTime    @default(now())
}`

func TestColumnsThatClientsSayAreProposed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ code, want string }{
		"the client's code":     {`socket.emit("sendMessage", { chatId, content: text, type: "IMAGE", file_url: url })`, "type,file_url"},
		"the server's handler":  {`const { Server } = require("socket.io"); io.on("connection", (socket) => socket.on("send_message", async ({ chatId, content, replyToId = null }, ack) => {}))`, "replyToId"},
		"a row with other keys": {`import { Server } from "socket.io"; await prisma.chatMessage.create({ data: { content: data.text, type: data.kind, fileName: data.fileName } })`, "kind=type,fileName"},
		"another event":         {`socket.emit("typing", { type: "x" })`, ""},
		"a text alone":          {`socket.emit("sendMessage", { chatId, content })`, ""},
	} {
		got := habitsOf(t, config.Default(), map[string]string{"src/chat.js": test.code, "prisma/schema.prisma": schemaOfFields})
		want := "→ MESSAGE_FIELDS=" + test.want + " # likely: prisma/schema.prisma, src/chat.js"
		if has := strings.Contains(got, want); has != (test.want != "") || !has && strings.Contains(got, "MESSAGE_FIELDS") {
			t.Errorf("%s: want %s, got\n%s", name, want, got)
		}
	}
	c := config.Default()
	c.MessageFields = config.Fields{{Key: "type", Column: "type"}}
	if got := habitsOf(t, c, map[string]string{"a.js": `socket.emit("sendMessage", { type })`, "schema.prisma": schemaOfFields}); strings.Contains(got, "MESSAGE_FIELDS") {
		t.Errorf("set, and proposed: %s", got)
	}
}

func TestWhatMayStandInThePlaceOfATextIsProposedWhereNothingIsStored(t *testing.T) {
	t.Parallel()
	server := "import { Server } from 'socket.io'; io.on('connection', (socket) => socket.on('send_message', (m) => io.to(m.room).emit('receive_message', m)))"
	page := `socket.emit("send_message", { room, content: null, image: dataURL, imageName })`
	none := config.Default()
	none.DatabaseURL = "none"
	for name, test := range map[string]struct {
		c     config.Config
		files map[string]string
		want  string
	}{
		"nothing is to be stored":             {config.Default(), map[string]string{"server.js": server, "page.js": page}, "→ MESSAGE_FIELDS=image # likely: page.js\n"},
		"nothing is stored":                   {none, map[string]string{"page.js": page, "schema.prisma": schemaOfFields}, "→ MESSAGE_FIELDS=image # likely: page.js\n"},
		"a table that has no column for it":   {config.Default(), map[string]string{"page.js": page, "schema.prisma": schemaOfFields}, ""},
		"a text alone, and nothing is stored": {none, map[string]string{"page.js": `socket.emit("send_message", { room, content })`}, ""},
	} {
		got := habitsOf(t, test.c, test.files)
		if strings.Contains(got, "MESSAGE_FIELDS") != (test.want != "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: want %s, got\n%s", name, test.want, got)
		}
	}
}
