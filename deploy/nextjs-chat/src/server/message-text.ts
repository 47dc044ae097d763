import 'server-only';
import { createDecipheriv } from 'node:crypto';
import { required } from './environment';

/**
 * The text of a message as the gateway stored it: AES-256-GCM, `iv:tag:ciphertext` in hex. Undefined if it was
 * altered, or encrypted with another key.
 */
export function decrypt(stored: string): string | undefined {
  const key = Buffer.from(required('MESSAGE_ENCRYPTION_KEY'), 'hex');
  const [iv, tag, ciphertext] = stored.split(':').map((part) => Buffer.from(part, 'hex'));
  if (!iv || !tag || !ciphertext) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
