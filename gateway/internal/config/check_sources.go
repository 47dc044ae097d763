package config

import "strings"

// maxTokenSources is token.MaxSources.
const maxTokenSources = 8

func (c *Config) checkTokenSources(faults *report) {
	if len(c.TokenSources) > maxTokenSources {
		faults.add("TOKEN_SOURCES", hint("more than %d places", maxTokenSources))
		return
	}
	for i, text := range c.TokenSources {
		text = strings.TrimSpace(text)
		c.TokenSources[i] = text
		if faults.rules.TokenSource == nil {
			continue
		}
		if err := faults.rules.TokenSource(text); err != nil {
			faults.add("TOKEN_SOURCES", hint("where %v", err))
		}
	}
}
