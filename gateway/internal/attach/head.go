package attach

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
)

// head is the request of a handshake, as the app's middlewares see it.
type head struct {
	Method        string      `json:"method"`
	URL           string      `json:"url"`
	Headers       [][2]string `json:"headers"`
	RemoteAddress string      `json:"remoteAddress"` // of the TCP connection: a proxy's, where there is one, as in a server of the app's own
	RemotePort    int         `json:"remotePort"`
	Encrypted     bool        `json:"encrypted"`
}

// pack writes the head of a handshake's request, with the words of many clients by their numbers.
func (w *words) pack(r *http.Request) string {
	address, port := r.RemoteAddr, 0
	if host, number, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		address = host
		port, _ = strconv.Atoi(number)
	}
	var few [24]string
	names, fields := few[:0], 1
	for name, values := range r.Header {
		names = append(names, name)
		fields += len(values)
	}
	slices.Sort(names)

	w.mu.Lock()
	defer w.mu.Unlock()
	var room [1024]byte
	b := w.append(room[:0], r.Method, true)
	b = w.append(b, r.RequestURI, isCommonURL(r.RequestURI))
	b = appendText(b, address)
	b = binary.AppendUvarint(b, uint64(port))
	b = append(b, map[bool]byte{true: 1}[r.TLS != nil])
	b = binary.AppendUvarint(b, uint64(fields))
	b = w.append(w.append(b, "Host", true), r.Host, true)
	for _, name := range names {
		for _, value := range r.Header[name] {
			b = w.append(w.append(b, name, true), value, isCommon(name))
		}
	}
	return string(b)
}

// unpack reads what pack wrote.
func (w *words) unpack(packed string) head {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := &decoder{rest: []byte(packed)}
	h := head{Method: w.read(d), URL: w.read(d), RemoteAddress: d.string(), RemotePort: int(d.uvarint()), Encrypted: d.byte() == 1}
	for range d.uvarint() {
		h.Headers = append(h.Headers, [2]string{w.read(d), w.read(d)})
	}
	return h
}

// entering is what a link is told of a new client without sockets. mu is held.
func (c *client) entering(to *link) []byte {
	b := binary.AppendUvarint(begin(make([]byte, 0, len(c.head)+80), opEnter), c.number)
	b = appendText(appendText(b, c.session.ID()), c.transport())
	b = binary.AppendUvarint(b, uint64(c.hub.at(c.issued).UnixMilli()))
	return end(append(binary.AppendUvarint(b, c.askedOf(to)), c.head...), 0)
}

// askedOf returns the number of the question about the client's handshake, if it was this link's; 0 is none.
func (c *client) askedOf(l *link) uint64 {
	if c.asked == nil || c.asked.link != l {
		return 0
	}
	return c.asked.number
}

// opening is the body of OPEN.
type opening struct {
	Client    uint64       `json:"client"`
	SID       string       `json:"sid"`
	Transport string       `json:"transport"`
	Issued    int64        `json:"issued"`
	Asked     uint64       `json:"asked,omitempty"`
	Head      head         `json:"head"`
	Sockets   []openSocket `json:"sockets"`
	Ended     string       `json:"ended,omitempty"`
}

type openSocket struct {
	Nsp       string          `json:"nsp"`
	SID       string          `json:"sid"`
	PID       string          `json:"pid,omitempty"`
	Auth      json.RawMessage `json:"auth,omitempty"`
	Rooms     []string        `json:"rooms"`
	Data      []byte          `json:"data,omitempty"` // base64
	Connected int64           `json:"connected"`      // ms
	Fresh     bool            `json:"fresh,omitempty"`
	User      json.RawMessage `json:"user,omitempty"`
}

func (s *socket) opening() openSocket {
	o := openSocket{
		Nsp: s.space.name, SID: s.id, PID: s.pid, Auth: s.auth, Rooms: s.rooms(), Data: s.data, Connected: s.client.hub.at(s.connected).UnixMilli(),
	}
	if s.own != nil {
		o.Fresh, o.User = s.own.fresh, s.own.user
	}
	return o
}

// opening is what a link is told of a client with sockets, or of one that is gone. mu is held.
func (c *client) opening(to *link) opening {
	o := opening{
		Client: c.number, SID: c.session.ID(), Transport: c.transport(), Issued: c.hub.at(c.issued).UnixMilli(), Asked: c.askedOf(to),
		Head: c.hub.words.unpack(c.head), Sockets: make([]openSocket, 0, len(c.sockets)), Ended: string(c.ended),
	}
	for _, s := range c.sockets {
		o.Sockets = append(o.Sockets, s.opening())
	}
	return o
}

// textFrame is the frame of an op that says a text of a client.
func textFrame(o op, client uint64, text string) []byte {
	return end(appendText(binary.AppendUvarint(begin(nil, o), client), text), 0)
}
