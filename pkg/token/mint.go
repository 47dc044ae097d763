package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// Mint makes a token as the web app would, with the claims userId, username, iat and exp, for development and tests.
// A ttl of zero or less makes one that has expired.
func Mint(secret []byte, userID, username string, ttl time.Duration) (string, error) {
	if len(secret) == 0 {
		return "", errors.New("mint token: the secret is empty")
	}
	if userID == "" {
		return "", errors.New("mint token: the user id is empty")
	}
	now := time.Now()
	claims, err := jwt.NewBuilder().
		Claim("userId", userID).Claim("username", username).
		IssuedAt(now).Expiration(now.Add(ttl)).Build()
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	signed, err := jwt.Sign(claims, jwt.WithKey(jwa.HS256, secret))
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return string(signed), nil
}
