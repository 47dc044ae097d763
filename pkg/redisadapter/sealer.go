package redisadapter

// Sealer seals what else its user sends over Redis as the adapter seals its messages, with the same key: by AES-256-GCM. A nil Sealer
// leaves everything as it is. Any goroutine may use it, but for Hear.
type Sealer struct {
	seal  *seal
	heard heard
}

// NewSealer returns the one of a key of 32 bytes, nil for an empty one. A sender's name is part of what it seals, can be read by
// everybody, and is as long as those of the others.
func NewSealer(key []byte, sender string) (*Sealer, error) {
	s, err := newSeal(key, sender)
	if s == nil {
		return nil, err
	}
	return &Sealer{seal: s}, err
}

// Seal seals a text, which can be opened with the same purpose only.
func (s *Sealer) Seal(purpose string, text []byte) []byte {
	if s == nil {
		return text
	}
	return s.seal.close(purpose, text)
}

// Open opens a text that anybody with the key has sealed for that purpose. A nil Sealer refuses what is sealed.
func (s *Sealer) Open(purpose string, sealed []byte) (text []byte, err error) {
	if s == nil {
		return (*seal)(nil).open(purpose, sealed)
	}
	return s.seal.open(purpose, sealed)
}

// Hear is Open for what was said and not laid down: each text is opened once, unless it was said more than five minutes ago. Of one sender
// it must have been sealed after what was heard before on that way. One goroutine at a time calls it.
func (s *Sealer) Hear(way, purpose string, sealed []byte) (text []byte, err error) {
	if s == nil {
		return (*seal)(nil).open(purpose, sealed)
	}
	return s.seal.openNew(&s.heard, way, purpose, sealed)
}
