// Package nodecrypt encrypts text at rest as Node.js apps do with node:crypto or CryptoJS, so that an app and the gateway
// read each other's rows. [New] makes a [Cipher] by the name of its format:
//
//	aes-256-gcm               iv:tag:ciphertext in hex, IV of 16 bytes
//	aes-256-gcm-iv12          iv:tag:ciphertext in hex, IV of 12 bytes
//	aes-256-gcm-base64        iv, tag and ciphertext in one base64 text, IV of 16 bytes
//	aes-256-gcm-iv12-base64   iv, tag and ciphertext in one base64 text, IV of 12 bytes
//	aes-256-cbc               iv:ciphertext in hex
//	aes-256-cbc-base64        iv:ciphertext, each in base64
//	cryptojs                  CryptoJS.AES.encrypt(text, passphrase).toString()
//
// The first is what most apps with GCM write:
//
//	const cipher = createCipheriv('aes-256-gcm', key, iv)
//	const ct = cipher.update(text, 'utf8', 'hex') + cipher.final('hex')
//	return [iv.toString('hex'), cipher.getAuthTag().toString('hex'), ct].join(':')
//
// Only GCM notices that a row was changed or moved. CBC, and CryptoJS which uses it, hide a text and no more: who can
// write to the database can change it unnoticed. They are here to be read by apps that use them.
//
// No error contains a key, a text or a ciphertext.
package nodecrypt
