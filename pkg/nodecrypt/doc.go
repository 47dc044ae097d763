// Package nodecrypt encrypts text at rest as Node.js apps do with node:crypto, so that an app and the gateway read each
// other's rows.
//
// The format is AES-256-GCM with a random 16-byte IV and a 16-byte tag, written "iv:tag:ciphertext" in hex:
//
//	const cipher = createCipheriv('aes-256-gcm', key, iv)
//	const ct = cipher.update(text, 'utf8', 'hex') + cipher.final('hex')
//	return [iv.toString('hex'), cipher.getAuthTag().toString('hex'), ct].join(':')
//
// No error contains a key, a text or a ciphertext.
package nodecrypt
