package app

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
	"github.com/socketgate/socketgate/pkg/token"
)

// BenchmarkConnect is a client that comes with a cookie, connects and leaves. The client is a part of it, and always the same.
func BenchmarkConnect(b *testing.B) {
	c := testSettings()
	c.DatabaseURL = "none"
	a, err := Open(b.Context(), c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.Cleanup(func() { stop(); <-done })
	tok, err := token.Mint([]byte(testSecret), "ann", "Ann", 1<<40)
	if err != nil {
		b.Fatal(err)
	}
	address := a.Addr().String()
	request := engineclient.AppendRequest(nil, address, "/socket.io/?"+engineclient.Query, "Origin: http://"+address, "Cookie: token="+tok)
	connect := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("40"))))
	answer := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		conn.Write(request)
		conn.Read(answer)
		conn.Write(connect)
		n, err := conn.Read(answer)
		if err != nil || !bytes.Contains(answer[:n], []byte("40{")) {
			b.Fatalf("%q, %v", answer[:n], err)
		}
		conn.Close()
	}
}
