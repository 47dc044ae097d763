// Package token finds the JSON Web Token in a Socket.IO handshake, verifies it and reads from it who is speaking.
//
// It accepts what Next.js apps issue with jsonwebtoken or jose and one shared secret: compact JWS, HS256 only. [Find]
// looks for the token in the places such apps put it, a [Verifier] turns it into [Claims], [Mint] makes one for
// development. Errors never contain a token or any part of one; [Reason] gives the word for logs and metrics.
package token
