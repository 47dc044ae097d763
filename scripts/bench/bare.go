//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// bareOptions is what the bare writer does, from the environment.
type bareOptions struct {
	connections, rooms, rate, bytes int
}

func (o bareOptions) environment() []string {
	return []string{
		fmt.Sprint("BARE_CONNECTIONS=", o.connections), fmt.Sprint("BARE_ROOMS=", o.rooms),
		fmt.Sprint("BARE_RATE=", o.rate), fmt.Sprint("BARE_BYTES=", o.bytes),
	}
}

func bareOptionsOfEnvironment() (o bareOptions, err error) {
	for name, value := range map[string]*int{
		"BARE_CONNECTIONS": &o.connections, "BARE_ROOMS": &o.rooms, "BARE_RATE": &o.rate, "BARE_BYTES": &o.bytes,
	} {
		n, fault := strconv.Atoi(os.Getenv(name))
		*value, err = n, errors.Join(err, fault)
	}
	return o, err
}

// serveBare is the least that a server of rooms must do: write(2) every message to every member. It accepts all
// connections, each of which says its room in 4 hex digits, and then sends so many messages of so many bytes a
// second in all, room after room, until it is ended.
func serveBare(port int) error {
	o, err := bareOptionsOfEnvironment()
	if err != nil {
		return err
	}
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	address := syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	err = errors.Join(
		syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(listener, &address),
		syscall.Listen(listener, 4096),
	)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	rooms := make([][]int, o.rooms)
	for accepted := 0; accepted < o.connections; {
		fd, _, err := syscall.Accept(listener)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		said := make([]byte, 4)
		if n, _ := syscall.Read(fd, said); n != len(said) {
			_ = syscall.Close(fd) // only looked whether somebody listens
			continue
		}
		room, err := strconv.ParseUint(string(said), 16, 16)
		if err != nil {
			return fmt.Errorf("room: %w", err)
		}
		if err := errors.Join(syscall.SetNonblock(fd, true), syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)); err != nil {
			return fmt.Errorf("prepare socket: %w", err)
		}
		rooms[room] = append(rooms[room], fd)
		accepted++
	}
	return writeBare(o, rooms)
}

func writeBare(o bareOptions, rooms [][]int) error {
	step := time.Second / time.Duration(o.rate)
	for n, next := 0, time.Now().Add(time.Second); ; n, next = n+1, next.Add(step) {
		time.Sleep(time.Until(next))
		room := n % len(rooms)
		m := mark{room: uint16(room), number: uint32(n/len(rooms) + 1), sent: next.UnixNano()}
		payload := m.appendText([]byte(eventMessage))
		for len(payload) < o.bytes-4 {
			payload = append(payload, '.')
		}
		frame := append(appendHeader(nil, len(payload)), payload...)
		for _, fd := range rooms[room] {
			if n, err := syscall.Write(fd, frame); err != nil || n != len(frame) {
				return fmt.Errorf("write: %d of %d bytes: %w", n, len(frame), err)
			}
		}
	}
}
