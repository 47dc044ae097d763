package attach

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketgate/socketgate/pkg/engineio"
	"github.com/socketgate/socketgate/pkg/engineio/engineclient"
)

func asks(h *appHello) { h.Asks = true }

// asked is the next question.
func (p *process) asked() (number uint64, h head) {
	p.t.Helper()
	var q struct {
		Ask  uint64
		Head head
	}
	d := p.expect(opAsk)
	d.json(&q)
	if err := d.done(); err != nil {
		p.t.Fatal(err)
	}
	return q.Ask, q.Head
}

func (p *process) answers(a answer) {
	p.t.Helper()
	p.write(jsonFrame(opAnswer, a))
}

func TestTheAppIsAskedAboutHandshakesAndItsHeadersAreInTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one", asks)
	p.expect(opPresented)
	type result struct {
		res  *http.Response
		body string
		err  error
	}
	results := make(chan result)
	poll := func(path string) {
		res, err := http.Get(w.url + path)
		if err != nil {
			results <- result{err: err}
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		results <- result{res, string(body), err}
	}
	go poll("/?EIO=4&transport=polling&x=1")
	number, h := p.asked()
	if h.URL != "/?EIO=4&transport=polling&x=1" || h.Method != "GET" || h.RemoteAddress != "127.0.0.1" || h.RemotePort == 0 {
		t.Errorf("the head is %+v", h)
	}
	p.answers(answer{Ask: number, OK: true, Headers: [][2]string{{"Set-Cookie", "a=b"}, {"Set-Cookie", "c=d"}, {"X-App", "yes"}}})
	if o := p.opened(); o.Asked != number || o.Transport != "polling" {
		t.Errorf("opened %+v", o)
	}
	got := <-results
	if got.err != nil || got.res.StatusCode != 200 || !strings.HasPrefix(got.body, "0{") || got.res.Header.Get("X-App") != "yes" || len(got.res.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("answered %+v", got)
	}

	go poll("/?EIO=4&transport=polling")
	number, _ = p.asked()
	p.answers(answer{Ask: number, Status: 401, Body: []byte("go away"), Headers: [][2]string{{"X-Why", "so"}}})
	if got := <-results; got.err != nil || got.res.StatusCode != 401 || got.body != "go away" || got.res.Header.Get("X-Why") != "so" {
		t.Errorf("answered %+v", got)
	}

	opened := make(chan error)
	go func() {
		c, err := engineclient.Dialer{Step: patience}.Dial(t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+"/?"+engineclient.Query)
		if err == nil {
			defer c.Close()
			_, err = c.Await("0{")
		}
		opened <- err
	}()
	number, _ = p.asked()
	p.answers(answer{Ask: number, OK: true})
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// The process that was asked dies: the next one is.
func TestAQuestionOutlivesTheProcessThatWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.ready("first", asks)
	first.expect(opPresented)
	status := make(chan int)
	go func() {
		res, err := http.Get(w.url + "/?EIO=4&transport=polling")
		if err != nil {
			status <- 0
			return
		}
		res.Body.Close()
		status <- res.StatusCode
	}()
	first.asked()
	first.Close()
	second := w.ready("second", asks)
	for {
		o, body, err := second.hear()
		if err != nil {
			t.Fatal(err)
		}
		if o == opAsk {
			var q answer
			json.Unmarshal(body, &q)
			second.answers(answer{Ask: q.Ask, OK: true})
			break
		}
	}
	if got := <-status; got != 200 {
		t.Errorf("answered %d", got)
	}
}

func TestAskingBeginsAndEndsWithTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	p.say(opSettings, []byte(`{"asks":true}`)...)
	eventually(t, "asking", w.hub.Asks)
	p.say(opSettings, []byte(`{"asks":false}`)...)
	eventually(t, "not asking", func() bool { return !w.hub.Asks() })
	w.browse()
	p.opened()
}

// An app of an older package knows no TURNED, and an unknown op would end its link.
func TestOnlyWhoListensIsToldOfRequestsThatAreTurnedAwayAndNotOfAFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	get := func(query string) {
		t.Helper()
		res, err := http.Get(w.url + "/?EIO=4&" + query)
		if err != nil || res.StatusCode != http.StatusBadRequest {
			t.Fatalf("answered %v, %v", res, err)
		}
		res.Body.Close()
	}
	get("transport=pigeon&unheard")
	p.say(opSettings, []byte(`{"asks":false,"listens":true}`)...)
	eventually(t, "listening", w.hub.listens.Load)
	get("transport=polling&sid=unknown")
	var said turnedAway
	p.expect(opTurned).json(&said)
	if said.Code != 1 || said.Message != "Session ID unknown" || said.Cause != engineio.CauseSession || said.Head.URL != "/?EIO=4&transport=polling&sid=unknown" {
		t.Errorf("told of %+v", said)
	}
	told := 0
	for range 2 * maxTurned {
		if w.hub.listener(time.Hour) != nil {
			told++
		}
	}
	if told != maxTurned || w.hub.listener(time.Hour+time.Second) == nil {
		t.Errorf("told of %d in a second", told)
	}
}

func TestAnUpgradeIsToldBetweenWhatCameByEachWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	p := w.ready("one")
	p.expect(opPresented)
	res, err := http.Get(w.url + "/?EIO=4&transport=polling")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	opening, err := engineclient.ParseOpening(string(body))
	if err != nil {
		t.Fatal(err)
	}
	o := p.opened()
	posted, err := http.Post(w.url+"/?EIO=4&transport=polling&sid="+opening.SID, "text/plain", strings.NewReader("4before"))
	if err != nil {
		t.Fatal(err)
	}
	posted.Body.Close()
	c, err := engineclient.Dialer{Step: patience}.Dial(t.Context(), "ws"+strings.TrimPrefix(w.url, "http")+"/?"+engineclient.Query+"&sid="+opening.SID)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Say("2probe")
	c.Await("3probe")
	c.Say("5")
	c.Say("4after")
	p.packet(o.Client, "before")
	d := p.expect(opUpgraded)
	if number, transport := d.uvarint(), d.string(); number != o.Client || transport != "websocket" || d.done() != nil {
		t.Errorf("client %d is told to be upgraded to %q", number, transport)
	}
	p.packet(o.Client, "after")
}
