package config

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
)

// weakness is what is wrong with a secret, the worst of it.
type weakness struct {
	// text is the clause that follows "…_SECRET is" or "…_SECRET holds …, which is". Empty means that nothing is.
	text string
	// open means that anybody can find the secret: it is published, or guessed in no time.
	open bool
}

// minSecret is what HS256 wants (RFC 7518, section 3.2), and what the libraries make. Shorter than guessable, all can be tried.
const (
	minSecret = 32
	guessable = 8
)

// weaknessOf judges a secret as an attacker would look for it. It can't tell whether a long text is random.
func weaknessOf(secret string) weakness {
	switch bare := bareSecret(secret); {
	case bare == bareSecret(composeSecret) || secret == composeKey:
		return weakness{"the one of docker-compose.yml, which everybody knows", true}
	case slices.Contains(published, bare) || asksToBeReplaced(bare):
		return weakness{"a published one, of a tutorial or an example, which everybody knows", true}
	case isWords(bare):
		return weakness{"a few common words, which are guessed", true}
	case isPattern(secret) || isPattern(bare) || isPattern(string(decoded(secret))):
		return weakness{"a pattern (few different characters, a repetition or a sequence), which is guessed", true}
	case len(secret) < guessable:
		return weakness{"so short that all of its length can be tried", true}
	}
	return weakness{}
}

// What docker-compose.yml has for local development.
const (
	composeSecret = "only-for-local-development-everybody-knows-it"
	composeKey    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// published are secrets of examples and tutorials, in the form of bareSecret, that wordsOnly does not find.
var published = strings.Fields(`
	keyboardcat letmein admin root foobar foobarbaz asdfgh asdfasdf shhh shhhhh shhhhhhhh shhhhhhhhhh passw0rd pass hunter2 abcdefg iloveyou
	astringsecretatleast256bitslong secretkeythatisatleast32characterslong complexpasswordatleast32characterslong complexpasswordatleast32characterslongforironsession
	00112233445566778899aabbccddeeff 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
	603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4 603deb1015ca71be2b73aef0857d7781 2b7e151628aed2a6abf7158809cf4f3c
	vovh6sdmpncjrriqicwvonizxpuosaksh45lvgnahps bf3c199c2470cb477d907b1e0917c17b
`)

// requests are in texts that ask their reader to put a secret in their place, whatever else they say.
var requests = strings.Fields(`changeme changethis changeit changeinprod replaceme replacethis replacewith onlyforlocal onlyfordev placeholder donotuse dontuse
	generatewith generatea opensslrand insertyour putyour enteryour yoursecret yourjwt yoursuper yourkey keyboardcat`)

// words are what people make secrets of that are none. The long ones come first, so that none hides another.
var words = strings.NewReplacer(pairsOf(strings.Fields(`development production encryption environment developer javascript typescript characters nextauth betterauth authjs
	authentication authorization application websocket socketio password passphrase signing random string message session private project secrets cookies
	default example sample testing gateway refresh express please change secret server nodejs nextjs cookie access public string token super
	login users there local really hidden simple value right admin qwerty dummy hello world demo test auth user chat next node json only very some long hard
	with this that your mine safe jwt key dev prod app api web top any bit the for env my is it in me to be db at of a`))...)

func pairsOf(words []string) (pairs []string) {
	for _, word := range words {
		pairs = append(pairs, word, " ")
	}
	return pairs
}

// isWords tells what a dictionary attack finds: words of this trade, and a few characters more.
func isWords(bare string) bool {
	rest := strings.ReplaceAll(words.Replace(bare), " ", "")
	return len(rest) < len(bare) && len(rest) <= 4
}

func asksToBeReplaced(bare string) bool {
	return slices.ContainsFunc(requests, func(request string) bool { return strings.Contains(bare, request) })
}

// bareSecret has no case and no punctuation.
func bareSecret(secret string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, secret)
}

// isPattern tells what has few different characters, or is a short block again and again, or counts up or down.
func isPattern(text string) bool {
	if len(text) < guessable {
		return false // too short to tell
	}
	different := make(map[byte]bool)
	steps := make(map[int]int)
	for i := range len(text) {
		different[text[i]] = true
		if i > 0 {
			steps[int(text[i])-int(text[i-1])]++
		}
	}
	run := steps[1] + steps[-1] + steps[0]
	return len(different) < 5 || run*4 > len(text)*3 || period(text) <= len(text)/2
}

// period is the length of the shortest block that text repeats, the last time perhaps in part.
func period(text string) int {
	for n := 1; n < len(text); n++ {
		if text[n:] == text[:len(text)-n] {
			return n
		}
	}
	return len(text)
}

// decoded is what a key holds that is written in hex or base64, or nothing.
func decoded(text string) []byte {
	if raw, err := hex.DecodeString(text); err == nil {
		return raw
	}
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) >= 16 {
		return raw
	}
	return nil
}

// secrets are all that are set, by name, in the order of the table, each with what makes a new one.
func (c *Config) secrets() (list []namedSecret) {
	for _, v := range variables {
		make := "openssl rand -base64 48"
		if strings.HasPrefix(v.name, "MESSAGE_ENCRYPTION_KEY") {
			make = "openssl rand -hex 32"
		}
		switch secret := c.value(v).(type) {
		case Secret:
			if secret != "" {
				list = append(list, namedSecret{v.name, string(secret), make})
			}
		case Secrets:
			for _, one := range c.used(v.name, secret) {
				list = append(list, namedSecret{v.name, string(one), make})
			}
		}
	}
	return list
}

// used leaves out what is not used: without API_ADDR, an API_KEY in the app's own .env is of something else.
func (c *Config) used(name string, keys Secrets) Secrets {
	if name == "API_KEY" && c.APIAddr == "" || name == "ATTACH_KEY" && c.AttachAddr == "" {
		return nil
	}
	return keys
}

type namedSecret struct{ name, secret, make string }

// checkSecrets stops a start in production with a secret that anybody can find.
func (c *Config) checkSecrets(faults *report) {
	if faults.env["NODE_ENV"].value != "production" {
		return
	}
	for _, s := range c.secrets() {
		if w := weaknessOf(s.secret); w.open {
			faults.add(s.name, hint("which is %s: with NODE_ENV=production it is refused (a new one: %s)", w.text, s.make))
		}
	}
}

// warnOfSecrets notes every weak one, and why.
func (c *Config) warnOfSecrets(note func(format string, args ...any)) {
	for _, s := range c.secrets() {
		w := weaknessOf(s.secret)
		short := len(s.secret) < minSecret
		switch {
		case w.text != "" && !(short && len(s.secret) < guessable):
			note("%s is %s; before others can reach this, set your own (%s)", s.name, w.text, s.make)
		case short && strings.HasPrefix(s.name, "JWT_SECRET"):
			note("%s has %d bytes; a secret for HS256 should have at least %d (%s)", s.name, len(s.secret), minSecret, s.make)
		case short:
			note("%s has %d bytes; a secret should have at least %d (%s)", s.name, len(s.secret), minSecret, s.make)
		}
	}
}
