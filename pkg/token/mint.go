package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// Mint makes a token as the web app would, with the claims userId, username, iat and exp, for development and tests.
// A ttl of zero or less makes one that has expired.
func Mint(secret []byte, userID, username string, ttl time.Duration) (string, error) {
	claims, err := mintedClaims(secret, userID, username, ttl)
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(claims, jwt.WithKey(jwa.HS256, secret))
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return string(signed), nil
}

// MintEncrypted is Mint for apps with NextAuth or Auth.js: it makes a session as NextAuth 4 does, which needs no cookie's
// name to be read.
func MintEncrypted(secret []byte, userID, username string, ttl time.Duration) (string, error) {
	claims, err := mintedClaims(secret, userID, username, ttl)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	key, err := nextAuthKey(secret)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	sealed, err := jwe.Encrypt(text, jwe.WithKey(jwa.DIRECT, key), jwe.WithContentEncryption(jwa.A256GCM))
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return string(sealed), nil
}

func mintedClaims(secret []byte, userID, username string, ttl time.Duration) (jwt.Token, error) {
	if len(secret) == 0 {
		return nil, errors.New("mint token: the secret is empty")
	}
	if userID == "" {
		return nil, errors.New("mint token: the user id is empty")
	}
	now := time.Now()
	claims, err := jwt.NewBuilder().
		Claim("userId", userID).Claim("username", username).
		IssuedAt(now).Expiration(now.Add(ttl)).Build()
	if err != nil {
		return nil, fmt.Errorf("mint token: %w", err)
	}
	return claims, nil
}
