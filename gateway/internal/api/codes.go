package api

import (
	"net/http"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// The codes of failures, beside those of contract.
const (
	unauthorized contract.Code = "unauthorized"       // no key, or none of the gateway's
	notFound     contract.Code = "not_found"          // no such path
	notAllowed   contract.Code = "method_not_allowed" // not by POST
)

// failure is the body of an answer that is not 200.
type failure struct {
	Code  contract.Code `json:"code"`
	Error string        `json:"error"`
}

var statuses = map[contract.Code]int{
	contract.BadRequest:  http.StatusBadRequest,
	contract.Forbidden:   http.StatusForbidden,
	contract.TooLarge:    http.StatusRequestEntityTooLarge,
	contract.RateLimited: http.StatusTooManyRequests,
	contract.Unavailable: http.StatusServiceUnavailable,
	unauthorized:         http.StatusUnauthorized,
	notFound:             http.StatusNotFound,
	notAllowed:           http.StatusMethodNotAllowed,
}

func status(code contract.Code) int {
	if known, ok := statuses[code]; ok {
		return known
	}
	return http.StatusBadRequest
}
