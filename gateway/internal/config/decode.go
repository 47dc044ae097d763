package config

import (
	"errors"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/kelseyhightower/envconfig"
)

// staging is held while the process environment is ours to change.
var staging sync.Mutex

// decode fills a Config by envconfig, which reads the process environment only. So every variable's winning value is
// staged there, and what was there before is put back at the end.
func decode(env environment, faults *report) Config {
	staging.Lock()
	defer staging.Unlock()
	for _, v := range variables {
		defer keep(v.name)()
		defer keep(prefix + "_" + v.name)()
		_ = os.Unsetenv(v.name)
		_ = os.Unsetenv(prefix + "_" + v.name)
		if _, s, ok := env.lookup(v.name); ok {
			// The only values Setenv refuses hold a NUL, which neither a process nor a sane file can have.
			_ = os.Setenv(prefix+"_"+v.name, v.spell(s.value))
		}
	}
	// envconfig stops at the first fault: note it, and go on without that variable.
	c := Config{}
	var wrong *envconfig.ParseError
	for range len(variables) + 1 { // more faults there cannot be
		c = Config{}
		if err := envconfig.Process(prefix, &c); !errors.As(err, &wrong) {
			break
		}
		faults.add(strings.TrimPrefix(wrong.KeyName, prefix+"_"), wrong.Err)
		_ = os.Unsetenv(wrong.KeyName)
	}
	return c
}

// keep returns a function that sets a variable of the process back to what it is now.
func keep(key string) func() {
	value, ok := os.LookupEnv(key)
	return func() {
		if ok {
			_ = os.Setenv(key, value)
		} else {
			_ = os.Unsetenv(key)
		}
	}
}

// spell gives a value the form that envconfig reads: no white space around it, and a unit on every duration (a bare
// number is milliseconds, as in the Node options). Secrets stay as they are: the app does not trim them either.
func (v variable) spell(value string) string {
	if v.typ == reflect.TypeFor[Secret]() {
		return value
	}
	value = strings.TrimSpace(value)
	if v.isDuration() {
		if _, err := strconv.ParseUint(value, 10, 64); err == nil {
			value += "ms"
		}
	}
	return value
}
