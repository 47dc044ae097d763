// Package token tells who is at the other end of a Socket.IO handshake, by what the web app gave their browser.
//
// It knows what Next.js apps give: tokens signed with one shared secret by jsonwebtoken or jose ([Verifier]: compact JWS,
// HS256 only), the encrypted session cookies of NextAuth 4 and Auth.js 5 ([AuthJS]: compact JWE, dir with A256GCM or
// A256CBC-HS512 only), and sessions that stand in the app's database, Better Auth's among them. [Find] looks for them in
// the places where apps put them, and an [Authenticator] does it all: a handshake in, [Claims] out. [Mint] makes a token
// for development.
//
// Errors never contain a token or any part of one; [Reason] gives the word for logs and metrics.
package token
