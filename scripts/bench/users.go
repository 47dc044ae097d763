//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

// jwtSecret and messageKey are the servers'; nothing that they protect outlives the run.
const (
	jwtSecret  = "benchmark-secret-benchmark-secret-benchmark"
	messageKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

func userNamed(i int) user {
	return user{id: fmt.Sprintf("u%06d", i), name: fmt.Sprintf("user%06d", i)}
}

// mintUsers makes people with a login cookie each.
func mintUsers(n int) ([]user, error) {
	users := make([]user, n)
	for i := range users {
		users[i] = userNamed(i)
		signed, err := token.Mint([]byte(jwtSecret), users[i].id, users[i].name, 24*time.Hour)
		if err != nil {
			return nil, err
		}
		users[i].token = signed
	}
	return users, nil
}
