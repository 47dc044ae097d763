package token

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// verifierExpecting checks tokens by the tests' secret.
func verifierExpecting(t *testing.T, e Expected) *Verifier {
	t.Helper()
	v := verifier(t)
	v.Expect(e)
	return v
}

func TestTokenForSomethingElseIsNoLogin(t *testing.T) {
	t.Parallel()
	access := Expected{Type: "access"}
	chat := Expected{Audience: []string{"chat", "web"}, Issuer: "https://app.example"}
	for name, c := range map[string]struct {
		expected Expected
		header   string
		claims   string
		want     error
	}{
		"a login that says nothing of itself": {Expected{}, hs256, `{}`, nil},
		"a refresh token":                     {Expected{}, hs256, `{"type":"refresh"}`, ErrType},
		"a refresh token by another claim":    {Expected{}, hs256, `{"tokenType":"RefreshToken"}`, ErrType},
		"a password reset":                    {Expected{}, hs256, `{"purpose":"password-reset"}`, ErrType},
		"a forgotten password":                {Expected{}, hs256, `{"action":"forgot_password"}`, ErrType},
		"an address to verify":                {Expected{}, hs256, `{"use":["email_verification"]}`, ErrType},
		"a refresh token by its header":       {Expected{}, `{"alg":"HS256","typ":"refresh+jwt"}`, `{}`, ErrType},
		"a refresh token by its kind":         {Expected{}, hs256, `{"kind":"refresh_token"}`, ErrType},
		"a second factor that is to come":     {Expected{}, hs256, `{"purpose":"2fa"}`, ErrType},
		"the same in other words":             {Expected{}, hs256, `{"type":"mfa_pending"}`, ErrType},
		"two factors in two words":            {Expected{}, hs256, `{"type":"two-factor"}`, ErrType},
		"before a login":                      {Expected{}, hs256, `{"token_use":"PRE_AUTH"}`, ErrType},
		"a claim by another spelling":         {Expected{}, hs256, `{"Token-Purpose":"password_reset"}`, ErrType},
		"a change of the address":             {Expected{}, hs256, `{"reason":"email.change"}`, ErrType},
		"a link to log in":                    {Expected{}, hs256, `{"kind":"passwordless"}`, ErrType},
		"a file":                              {Expected{}, hs256, `{"use":"download"}`, ErrType},
		"a refresh token by its scope":        {Expected{}, hs256, `{"scope":"refresh"}`, ErrType},
		"a refresh token by its audience":     {Expected{}, hs256, `{"aud":["refresh-token"]}`, ErrType},
		"a refresh token by a flag":           {Expected{}, hs256, `{"isRefreshToken":true}`, ErrType},
		"a reset by a flag":                   {Expected{}, hs256, `{"password_reset":true}`, ErrType},
		"a second factor to come by a flag":   {Expected{}, hs256, `{"requires2FA":true}`, ErrType},
		"no flag":                             {Expected{}, hs256, `{"refresh":false,"refreshToken":"x","reset":0}`, nil},
		"a user with a second factor":         {Expected{}, hs256, `{"mfa":true,"twoFactorEnabled":true,"isTwoFactorAuthenticated":false}`, nil},
		"a user with a verified address":      {Expected{}, hs256, `{"emailVerified":true,"verified":true,"status":"verified"}`, nil},
		"a scope beside others":               {Expected{}, hs256, `{"scope":"read:messages password:reset"}`, nil},
		"the audience is a host":              {Expected{}, hs256, `{"aud":["https://reset.example","verify.example"]}`, nil},
		"the audience is expected":            {Expected{Audience: []string{"refresher"}}, hs256, `{"aud":"refresher"}`, nil},
		"a way to log in":                     {Expected{}, hs256, `{"type":"password","kind":"email","use":"login","flow":"oauth"}`, nil},
		"a role of several words":             {Expected{}, hs256, `{"type":"bot_player"}`, nil},
		"an access token by its header":       {Expected{}, `{"alg":"HS256","typ":"at+jwt"}`, `{}`, nil},
		"an access token, nothing expected":   {Expected{}, hs256, `{"type":"access"}`, nil},
		"a kind of user is no kind of token":  {Expected{}, hs256, `{"type":"admin","role":"reset"}`, nil},
		"TOKEN_TYPE, that type":               {access, hs256, `{"token_use":"access"}`, nil},
		"TOKEN_TYPE, in the header":           {access, `{"alg":"HS256","typ":"Access"}`, `{}`, nil},
		"TOKEN_TYPE, no type":                 {access, hs256, `{}`, ErrType},
		"TOKEN_TYPE, another type":            {access, hs256, `{"type":"invite-friend"}`, ErrType},
		"TOKEN_TYPE, not by its beginning":    {access, hs256, `{"type":"accessory"}`, ErrType},
		"TOKEN_AUDIENCE and ISSUER":           {chat, hs256, `{"aud":"web","iss":"https://app.example"}`, nil},
		"TOKEN_AUDIENCE in a list":            {chat, hs256, `{"aud":["mail","chat"],"iss":"https://app.example"}`, nil},
		"TOKEN_AUDIENCE, another":             {chat, hs256, `{"aud":"mail","iss":"https://app.example"}`, ErrAudience},
		"TOKEN_AUDIENCE, none":                {chat, hs256, `{"iss":"https://app.example"}`, ErrAudience},
		"TOKEN_AUDIENCE, no text":             {chat, hs256, `{"aud":{"chat":"chat"},"iss":"https://app.example"}`, ErrAudience},
		"TOKEN_ISSUER, another":               {chat, hs256, `{"aud":"chat","iss":"https://app.example.org"}`, ErrIssuer},
		"TOKEN_ISSUER, none":                  {chat, hs256, `{"aud":"chat"}`, ErrIssuer},
		"TOKEN_ISSUER, several":               {chat, hs256, `{"aud":"chat","iss":["https://app.example","x"]}`, ErrIssuer},
		"TOKEN_CLAIMS":                        {Expected{Claims: map[string]string{"role": "member", "sid": ""}}, hs256, `{"role":"member","sid":7}`, nil},
		"TOKEN_CLAIMS, one is missing":        {Expected{Claims: map[string]string{"sid": ""}}, hs256, `{"SID":7}`, ErrClaim},
		"TOKEN_CLAIMS, one is null":           {Expected{Claims: map[string]string{"sid": ""}}, hs256, `{"sid":null}`, ErrClaim},
		"TOKEN_CLAIMS, one has another value": {Expected{Claims: map[string]string{"role": "member"}}, hs256, `{"role":"guest"}`, ErrClaim},
		"TOKEN_CLAIMS, one has another type":  {Expected{Claims: map[string]string{"role": "member"}}, hs256, `{"role":["member"]}`, ErrClaim},
		"typ of the header is no text":        {access, `{"alg":"HS256","typ":7}`, `{"type":"access"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verifierExpecting(t, c.expected).Verify(t.Context(), sign(c.header, `{"sub":"ann",`+c.claims[1:]))
			if c.claims == `{}` {
				_, err = verifierExpecting(t, c.expected).Verify(t.Context(), sign(c.header, `{"sub":"ann"}`))
			}
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestTokenWithoutAnEndHasALongestLife(t *testing.T) {
	t.Parallel()
	v := verifierExpecting(t, Expected{MaxAge: time.Hour})
	issued := func(ago time.Duration) string { return fmt.Sprint(time.Now().Add(-ago).Unix()) }
	if _, err := v.Verify(t.Context(), sign(hs256, `{"sub":"ann","iat":`+issued(61*time.Minute)+`}`)); !errors.Is(err, ErrExpired) {
		t.Errorf("an old one: %v", err)
	}
	c, err := v.Verify(t.Context(), sign(hs256, `{"sub":"ann","iat":`+issued(30*time.Minute)+`}`))
	if left := time.Until(c.Expires); err != nil || !c.Endless || left < 29*time.Minute || left > 30*time.Minute {
		t.Errorf("a young one: %v left, %v", left, err)
	}
	if c, err := v.Verify(t.Context(), sign(hs256, `{"sub":"ann"}`)); err != nil || !c.Endless || !c.Expires.IsZero() {
		t.Errorf("one that does not say when it was made: %+v, %v", c, err)
	}
	exp := issued(-48 * time.Hour)
	if c, err := v.Verify(t.Context(), sign(hs256, `{"sub":"ann","iat":`+issued(2*time.Hour)+`,"exp":`+exp+`}`)); err != nil || c.Endless {
		t.Errorf("one with an end of its own: %+v, %v", c, err)
	}
}

func TestClaimsTellWhichTokenItIs(t *testing.T) {
	t.Parallel()
	c, err := verifier(t).Verify(t.Context(), sign(hs256, `{"sub":"ann","jti":"t-1","iat":1700000000}`))
	if err != nil || c.ID != "t-1" || c.IssuedAt.Unix() != 1700000000 || c.Named {
		t.Errorf("got %+v, %v", c, err)
	}
}
