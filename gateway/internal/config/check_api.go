package config

import (
	"net"
	"strconv"
	"strings"
)

// Secrets are several of which each is good, as while one is replaced by another.
type Secrets []Secret

// Decode reads them with commas between them; envconfig calls it.
func (s *Secrets) Decode(value string) error {
	*s = nil
	for _, secret := range strings.Split(value, ",") {
		secret = strings.TrimSpace(secret)
		if secret == "" {
			return hint("where one of several is empty")
		}
		*s = append(*s, Secret(secret))
	}
	return nil
}

// Texts returns them as they are. They belong into no log.
func (s Secrets) Texts() (all []string) {
	for _, secret := range s {
		all = append(all, string(secret))
	}
	return all
}

// checkAPI holds the variables of the web app's own way in against each other. API_KEY by itself may be of something else that the app uses.
func (c *Config) checkAPI(faults *report) {
	if c.APIAddr == "" {
		return
	}
	if !isPrivateAddress(c.APIAddr) {
		faults.add("API_ADDR", nil)
	}
	if len(c.APIKey) == 0 {
		faults.add("API_KEY", hint("but API_ADDR is: whoever reached it could speak for everybody"))
	}
	if len(c.APIUser) > 256 {
		faults.add("API_USER", nil)
	}
}

// maxSocketPath is the most bytes that the path of a unix socket may have on Linux, without the NUL behind it (sun_path, unix(7)).
const maxSocketPath = 107

// isPrivateAddress tells whether a text is host:port, or the path of a unix socket.
func isPrivateAddress(text string) bool {
	if strings.Contains(text, "/") {
		return len(text) <= maxSocketPath
	}
	return isAddress(text)
}

// isAddress tells whether a text is host:port, where the host may be empty.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	_, portErr := strconv.ParseUint(port, 10, 16)
	return err == nil && portErr == nil && !strings.Contains(host, "/")
}
