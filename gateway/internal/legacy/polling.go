package legacy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/googollee/go-socket.io/engineio/frame"
	"github.com/googollee/go-socket.io/engineio/packet"
)

// pollingCarrier is the transport of a client that polls, as googollee's session uses it. It is ours, since in googollee's a request waits for a
// deadline where the session ends in the middle of it; here whatever waits goes on as soon as the carrier is closed.
//
// It makes an upgrade safe, too. It is never paused: POSTs are taken until the WebSocket has taken over, and GETs answered at once, since the client
// waits for both before it finishes the upgrade.
type pollingCarrier struct {
	client  *client
	request *http.Request // of the handshake
	bytes   bool          // the client takes them as they are

	polls           chan *poll // who waits for a packet
	posts           chan *post // who has said something
	polling, posted atomic.Bool
	said            *post // that is being read; the reading side's alone

	closing sync.Once
	closed  chan struct{}

	paused  atomic.Bool
	nooping atomic.Bool // noops is running
}

// poll is a GET, and post a POST that is read to its end.
type (
	poll struct{ packet chan []byte }
	post struct {
		rest  []byte
		bytes bool // as a binary payload
		read  chan struct{}
	}
)

func newPollingCarrier(c *client, r *http.Request) *pollingCarrier {
	return &pollingCarrier{
		client: c, request: r, bytes: r.URL.Query().Get("b64") == "",
		polls: make(chan *poll), posts: make(chan *post), closed: make(chan struct{}),
	}
}

// ServeHTTP answers a GET when a packet is written, and a POST when all of its packets are read.
func (p *pollingCarrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	busy := &p.polling
	if r.Method == http.MethodPost {
		busy = &p.posted
	}
	if !busy.CompareAndSwap(false, true) {
		http.Error(w, "one after the other", http.StatusBadRequest)
		return
	}
	defer busy.Store(false)
	if r.Method == http.MethodPost {
		p.servePost(w, r)
	} else {
		p.servePoll(w)
	}
}

func (p *pollingCarrier) servePoll(w http.ResponseWriter) {
	waits := &poll{packet: make(chan []byte, 1)}
	select {
	case p.polls <- waits:
	case <-p.closed:
		p.refuse(w)
		return
	}
	var payload []byte
	select {
	case payload = <-waits.packet:
	case <-p.closed: // by who has written it, maybe
		select {
		case payload = <-waits.packet:
		default:
			p.refuse(w)
			return
		}
	}
	kind := "text/plain; charset=UTF-8"
	if p.bytes {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Write(payload)
}

func (p *pollingCarrier) servePost(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // from memory
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	says := &post{rest: body, bytes: isBytes(r), read: make(chan struct{})}
	select {
	case p.posts <- says:
	case <-p.closed:
		p.refuse(w)
		return
	}
	select {
	case <-says.read:
	case <-p.closed: // by what it has said: nobody reads on
	}
	io.WriteString(w, "ok")
}

// refuse answers a request that came too late. Unless a WebSocket has taken over, the client ends, and is told so elsewhere once it has.
func (p *pollingCarrier) refuse(w http.ResponseWriter) {
	if !p.paused.Load() {
		<-p.client.over
	}
	http.Error(w, "closed", http.StatusBadRequest)
}

// NextReader gives the next packet that the client has said. Once it is closed, the next one is looked at.
func (p *pollingCarrier) NextReader() (frame.Type, packet.Type, io.ReadCloser, error) {
	for p.said == nil {
		silent := p.silence()
		select {
		case p.said = <-p.posts:
		case <-p.closed:
			return 0, 0, nil, p.again(io.EOF)
		case <-silent.C:
			if p.client.isSilent() {
				return 0, 0, nil, errSilent
			}
		}
		silent.Stop()
	}
	select {
	case <-p.closed:
		return 0, 0, nil, p.again(io.EOF)
	default:
	}
	kind, of, data, rest, err := cutPacket(p.said.rest, p.said.bytes)
	p.said.rest = rest
	return kind, of, &packetReader{bytes.NewReader(data), p}, err
}

// packetReader is a packet of a POST, which is answered with its last one.
type packetReader struct {
	*bytes.Reader
	from *pollingCarrier
}

func (r *packetReader) Close() error {
	if says := r.from.said; says != nil && len(says.rest) == 0 {
		r.from.said = nil
		close(says.read)
	}
	return nil
}

// NextWriter waits for a GET, which gets the packet that is written then.
func (p *pollingCarrier) NextWriter(kind frame.Type, of packet.Type) (io.WriteCloser, error) {
	for {
		silent := p.silence()
		select {
		case waits := <-p.polls:
			silent.Stop()
			return &packetWriter{kind: kind, of: of, bytes: p.bytes, to: waits}, nil
		case <-p.closed:
			silent.Stop()
			return nil, p.again(io.EOF)
		case <-silent.C:
			if p.client.isSilent() {
				return nil, errSilent
			}
		}
	}
}

// packetWriter answers a GET when it is closed.
type packetWriter struct {
	bytes.Buffer
	kind  frame.Type
	of    packet.Type
	bytes bool
	to    *poll
}

func (w *packetWriter) Close() error {
	select {
	case w.to.packet <- payloadOf(w.kind, w.of, w.Bytes(), w.bytes):
	default: // closed before
	}
	return nil
}

// silence is for the client's next ping.
func (p *pollingCarrier) silence() *time.Timer {
	c := p.client
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.NewTimer(time.Until(c.silentBy))
}

func (c *client) isSilent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !time.Now().Before(c.silentBy)
}

// Close has whoever waits go on.
func (p *pollingCarrier) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return nil
}

// SetReadDeadline is called when a ping comes. Writing has the same deadline.
func (p *pollingCarrier) SetReadDeadline(t time.Time) error {
	p.client.expect(t)
	return nil
}

func (p *pollingCarrier) SetWriteDeadline(time.Time) error { return nil }
func (p *pollingCarrier) URL() url.URL                     { return *p.request.URL }
func (p *pollingCarrier) RemoteHeader() http.Header        { return p.request.Header }
func (p *pollingCarrier) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (p *pollingCarrier) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
