//go:build linux

package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"syscall"
)

// floorServer is the least that a server of connects by long-polling must do: the system calls. It takes each request for whole and for what
// the load says next, knows nobody, and answers with the bytes that are as long as a gateway's. One thread does all.
type floorServer struct {
	epoll    int
	sessions []floorSession
	of       map[int]int // sessions of WebSockets that probe, by descriptor
	events   [256]syscall.EpollEvent
	buffer   [4096]byte
}

// floorSession is one client on its way to a WebSocket.
type floorSession struct {
	waiting int // descriptor of a GET; 0 is none
	posted  bool
	told    bool // the reply to its CONNECT
	probed  bool
}

// floorHead is that of a gateway's answers, but for the length.
const floorHead = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/plain; charset=UTF-8\r\nDate: Mon, 30 Nov 2026 00:00:00 GMT\r\nContent-Length: "

// serveFloor serves on a port until it is ended.
func serveFloor(port int) error {
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open socket: %w", err)
	}
	err = errors.Join(
		syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.SetsockoptInt(listener, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1), // which connections inherit
		syscall.Bind(listener, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}),
		syscall.Listen(listener, 4096),
	)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := &floorServer{of: make(map[int]int)}
	if s.epoll, err = syscall.EpollCreate1(0); err != nil {
		return fmt.Errorf("open epoll: %w", err)
	}
	if err := s.watch(listener); err != nil {
		return err
	}
	for {
		n, err := syscall.EpollWait(s.epoll, s.events[:], -1)
		if err != nil && err != syscall.EINTR {
			return fmt.Errorf("wait: %w", err)
		}
		for _, event := range s.events[:max(n, 0)] {
			if fd := int(event.Fd); fd != listener {
				s.hear(fd)
			} else if err := s.accept(listener); err != nil {
				return err
			}
		}
	}
}

func (s *floorServer) watch(fd int) error {
	const edgeTriggered = 1 << 31 // EPOLLET, which package syscall has as a negative number
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | edgeTriggered, Fd: int32(fd)}
	if err := syscall.EpollCtl(s.epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	return nil
}

func (s *floorServer) accept(listener int) error {
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK)
		switch {
		case err == syscall.EAGAIN:
			return nil
		case err != nil:
			return fmt.Errorf("accept: %w", err)
		}
		if err := s.watch(fd); err != nil {
			return err
		}
	}
}

// hear answers what has come.
func (s *floorServer) hear(fd int) {
	n, err := syscall.Read(fd, s.buffer[:])
	said := s.buffer[:max(n, 0)]
	switch {
	case err == syscall.EAGAIN:
	case n <= 0:
		delete(s.of, fd)
		syscall.Close(fd)
	case said[0]&0x80 != 0: // a frame
		s.probe(fd)
	case bytes.Contains(said, []byte("Sec-WebSocket-Key: ")):
		s.upgrade(fd, said)
	case bytes.HasPrefix(said, []byte("POST")):
		session := &s.sessions[sidOf(said)]
		session.posted = true
		answer(fd, "ok")
		s.tell(session)
	case bytes.Contains(said, []byte("sid=")):
		session := &s.sessions[sidOf(said)]
		session.waiting = fd
		s.tell(session)
	default:
		s.sessions = append(s.sessions, floorSession{})
		answer(fd, fmt.Sprintf(`0{"sid":"%020d","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`, len(s.sessions)-1))
	}
}

// tell answers a GET that waits, if there is something to say.
func (s *floorServer) tell(session *floorSession) {
	switch {
	case session.waiting == 0:
		return
	case session.posted && !session.told:
		session.told = true
		answer(session.waiting, `40{"sid":"00000000000000000000"}`)
	case session.probed:
		answer(session.waiting, "6")
	default:
		return
	}
	session.waiting = 0
}

func (s *floorServer) upgrade(fd int, said []byte) {
	s.of[fd] = sidOf(said)
	_, after, _ := bytes.Cut(said, []byte("Sec-WebSocket-Key: "))
	key, _, _ := bytes.Cut(after, []byte("\r\n"))
	hash := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	write(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(hash[:])+"\r\n\r\n")
}

// probe answers a first frame. The second one goes over, and has no answer.
func (s *floorServer) probe(fd int) {
	number, probes := s.of[fd]
	if !probes {
		return
	}
	delete(s.of, fd)
	session := &s.sessions[number]
	session.probed = true
	write(fd, "\x81\x063probe")
	s.tell(session)
}

func answer(fd int, content string) {
	write(fd, floorHead+strconv.Itoa(len(content))+"\r\n\r\n"+content)
}

func write(fd int, text string) { _, _ = syscall.Write(fd, []byte(text)) } // who has gone will be read

// sidOf reads the session's number. Who says another one is the first.
func sidOf(said []byte) int {
	_, after, _ := bytes.Cut(said, []byte("sid="))
	number, _ := strconv.Atoi(string(after[:min(20, len(after))]))
	return number
}
