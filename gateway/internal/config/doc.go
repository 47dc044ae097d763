// Package config turns the environment into a validated [Config], or into every fault in it at once.
//
// A variable may carry the prefix GATEWAY_, which wins over the bare name, so that an app and the gateway can share one
// environment and still differ. One that is blank counts as not set. Values come from the process, then from the .env
// files that Next.js reads, in its order: .env.$NODE_ENV.local, .env.local (not in test), .env.$NODE_ENV, .env.
//
// The fields of Config and their tags are the only list of variables: parsing, faults and the table of `socketgate env`
// are all made from them.
package config
