package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/contract"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// App is what the web app asks for: *chat.Chat.
type App interface {
	Emit(chat.Emit) contract.Answer
	Say(context.Context, chat.Speech) contract.Answer
	Join(who chat.Whom, rooms []string) contract.Answer
	Leave(who chat.Whom, rooms []string) contract.Answer
	Disconnect(chat.Whom) contract.Answer
	Revoke(users []string) contract.Answer
	Members(ctx context.Context, room string) (contract.Members, contract.Answer)
	Online(ctx context.Context, users []string) (contract.Members, contract.Answer)
}

// Observer counts requests by path ("other" for one that there is not) and outcome: "ok", or the code of the failure.
type Observer interface {
	APIRequest(path, outcome string, took time.Duration)
}

// Options say who may ask, and how much.
type Options struct {
	// Keys are the secrets of which a request brings one. Without any nobody is let in.
	Keys []string
	// Rate is requests per second, with a burst of twice that. 0 means no limit.
	Rate int
	// MaxBody is the most bytes of a request's body.
	MaxBody int
	// Deadline bounds each request, from its head to the answer.
	Deadline time.Duration
	Observer Observer
	Logger   *slog.Logger
}

// atOnce is how many requests are under way at once. More are refused: while the database is slow they would only gather.
const atOnce = 1000

// Server is an http.Handler for a listener of its own.
type Server struct {
	app     App
	options Options
	keys    keys
	rate    rate
	places  chan struct{}
	refused quiet
}

// New returns a server for an app.
func New(app App, o Options) *Server {
	return &Server{app: app, options: o, keys: newKeys(o.Keys), places: make(chan struct{}, atOnce)}
}

//go:embed openapi.json
var description []byte

// descriptionPath is where the description is served, without a key.
const descriptionPath = "/api/openapi.json"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == descriptionPath && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "application/json")
		w.Write(description)
		return
	}
	began := time.Now()
	control := http.NewResponseController(w)
	control.SetReadDeadline(began.Add(s.options.Deadline))
	control.SetWriteDeadline(began.Add(2 * s.options.Deadline))
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Deadline)
	defer cancel()
	path, handle := "other", routes[r.URL.Path]
	if handle != nil {
		path = r.URL.Path
	}
	result, refusal := s.answer(ctx, w, r, handle)
	outcome := "ok"
	if refusal != nil {
		outcome = string(refusal.Code)
		write(w, status(refusal.Code), failure{refusal.Code, refusal.Text})
	} else {
		write(w, http.StatusOK, result)
	}
	took := time.Since(began)
	s.options.Observer.APIRequest(path, outcome, took)
	s.options.Logger.Debug("the web app asked", "path", path, "outcome", outcome, "took", took)
}

// answer lets a request in, reads it and has it done. The key comes before everything else, so that who has none learns nothing, and
// uses up nothing.
func (s *Server) answer(ctx context.Context, w http.ResponseWriter, r *http.Request, handle handler) (any, *contract.Failure) {
	if !s.keys.has(r.Header.Get("Authorization")) {
		if s.refused.allow(time.Now()) {
			s.options.Logger.Warn("a request to API_ADDR without a good API_KEY was refused; others are not logged for a minute", "addr", r.RemoteAddr)
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		return nil, &contract.Failure{Code: unauthorized, Text: "the header Authorization should be Bearer and one of the gateway's API_KEY"}
	}
	if handle == nil {
		return nil, &contract.Failure{Code: notFound, Text: "there is no such path: see " + descriptionPath}
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, &contract.Failure{Code: notAllowed, Text: "ask by POST"}
	}
	if !s.rate.take(time.Now(), float64(s.options.Rate)) {
		w.Header().Set("Retry-After", "1")
		return nil, &contract.Failure{Code: contract.RateLimited, Text: "more than API_RATE requests a second: slow down"}
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		w.Header().Set("Retry-After", "1")
		return nil, &contract.Failure{Code: contract.Unavailable, Text: "too many requests are under way: try again"}
	}
	body, refusal := s.read(w, r)
	if refusal != nil {
		return nil, refusal
	}
	return handle(call{ctx: ctx, app: s.app, key: r.Header.Get("Idempotency-Key")}, body)
}

// read returns a body of valid JSON.
func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, *contract.Failure) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.options.MaxBody)))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &contract.Failure{Code: contract.TooLarge, Text: "the body is too large, at most " + strconv.Itoa(s.options.MaxBody) + " bytes fit"}
	}
	if err != nil {
		return nil, &contract.Failure{Code: contract.BadRequest, Text: "the body did not come as a whole"}
	}
	if rawjson.Check(body) != nil {
		return nil, &contract.Failure{Code: contract.BadRequest, Text: "the body is no JSON, or has more than 100 levels"}
	}
	return body, nil
}

func write(w http.ResponseWriter, status int, result any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.Encode(result) // one that can't be written has gone
}
