//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/socketgate/socketgate/pkg/token"
)

// jwtSecret and messageKey are the servers'; nothing that they protect outlives the run.
const (
	jwtSecret  = "WrVWoN80VNUp0zFmZu55YV5wz3rlUk2uomqINXnD2Vm"
	messageKey = "e0d6767e787792579f3c4ded55da7796b51ad85c69264ad07239d8adf4295c03"
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
