import { Logger } from '@nestjs/common';
import canonicalize from 'canonicalize';
import { createHmac, hash } from 'node:crypto';
import { type AuditSettings, ConfigurationError, derivedKey } from '../config/index.js';
import { escapeInvisible, isoTime, jsonString, LineWriter } from '../lines/index.js';
import type { AuditRecord } from './audit-record.js';
import type { AuditTrail } from './audit-trail.js';

const COMPLAINT_INTERVAL_MS = 10_000;
/** With this many characters waiting to be written, no further call starts. */
const FULL = 4 * 2 ** 20;
/** In characters. The records of calls in flight may still wait; beyond this they are lost. */
const MAX_WAITING = 16 * 2 ** 20;

/** Separates the key of digests from others derived from the same secret. RFC 5869, section 3.2. */
const PURPOSE = 'mcp audit: digest of arguments, 1';

/** Block size of SHA-256, in bytes. */
const BLOCK = 64;
const DIGEST = 32;
/** Texts up to this length avoid `createHmac`, for which they would have to be copied. UTF-16 units. */
const SHORT = 4_096;
/** Of a longer text only this much is hashed, together with its length. UTF-16 units. */
const MAX_HASHED = 65_536;
/** Marks the digest of a text that was hashed in part. */
const PARTLY = 'partly:';
/** Types of which `JSON.stringify` writes the canonical form. */
const PLAIN = new Set(['string', 'number', 'boolean']);

/** Writes records as lines of JSON: to a file of their own, or between the lines of the log. */
export class LineAuditTrail implements AuditTrail {
  readonly isOn = true;
  readonly digest: (value: unknown) => string;
  /** With `AUDIT_SYNC=on`. */
  readonly settled?: () => Promise<void> | undefined;
  private readonly logger = new Logger('Audit');
  private writer: LineWriter | undefined;
  private complainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly destination: Exclude<AuditSettings['destination'], 'off'>,
    secret: string | undefined,
    /** `AUDIT_SYNC`. */
    private readonly sync = false,
  ) {
    this.digest = argumentDigest(secret);
    if (sync) this.settled = () => this.writer?.written();
  }

  /** Call once, before the first record. Throws `ConfigurationError` where the file cannot be written. */
  open(): void {
    const { destination } = this;
    if (typeof destination !== 'object') this.writer = LineWriter.standard(destination === 'stdout' ? 1 : 2);
    else {
      try {
        this.writer = LineWriter.file(destination.file);
      } catch (error) {
        throw notWritable(error);
      }
      process.on('SIGHUP', this.reopen);
    }
    this.writer.onError(this.complain);
  }

  write(record: AuditRecord): void {
    if (this.writer === undefined) return;
    if (this.writer.waiting > MAX_WAITING) {
      return this.complain(new Error('Too many records wait to be written: one is lost'));
    }
    this.writer.write(recordLine(record));
    if (this.sync) this.writer.flush();
  }

  get isFull(): boolean {
    return this.writer !== undefined && this.writer.waiting >= FULL;
  }

  /** Records after this are dropped. */
  close(): void {
    const { writer } = this;
    this.writer = undefined;
    if (writer === undefined) return;
    if (typeof this.destination === 'object') {
      process.off('SIGHUP', this.reopen);
      writer.close();
    } else writer.flush();
    writer.offError(this.complain);
  }

  private readonly reopen = (): void => {
    try {
      this.writer?.reopen();
    } catch (error) {
      this.complain(error as Error);
    }
  };

  /** Logs at intervals only: a full disk fails repeatedly. */
  private readonly complain = (error: Error): void => {
    const now = performance.now();
    if (now < this.complainedAt + COMPLAINT_INTERVAL_MS) return;
    this.complainedAt = now;
    this.logger.error({ event: 'audit.failed', err: error });
  };
}

function notWritable(error: unknown): ConfigurationError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const reason = `names a file that can't be written (${code})`;
  return new ConfigurationError([{ name: 'AUDIT_LOG', reason, example: 'AUDIT_LOG=stdout' }]);
}

/**
 * A record as a line: `JSON.stringify` of its time and members, with invisible characters as JSON escapes. Unlike log
 * lines, its texts are not changed.
 */
export function recordLine(record: AuditRecord): string {
  let line = `{"time":"${isoTime()}"`;
  // The names are those of `AuditRecord`: none needs escaping.
  for (const name in record) {
    const value = record[name as keyof AuditRecord] as unknown;
    if (value === undefined) continue;
    line += `,"${name}":`;
    if (typeof value === 'string') line += jsonString(value);
    else if (typeof value === 'object') line += escapeInvisible(JSON.stringify(value));
    else line += JSON.stringify(value);
  }
  return `${line}}\n`;
}

/**
 * Makes the function that digests arguments. Its key is derived from the secret that all nodes share. Without one it is
 * random per process, and digests of different processes cannot be compared.
 *
 * HMAC as in RFC 2104, `H(K ^ opad, H(K ^ ipad, text))`, by two one-shot hashes: an `Hmac` object costs twice as much
 * for a text of usual length. The function is the same, so length extension is as impossible.
 */
export function argumentDigest(secret: string | undefined): (value: unknown) => string {
  const key = derivedKey(secret, PURPOSE);
  /** `K ^ ipad`, followed by room for a text. */
  const inner = Buffer.alloc(BLOCK + 3 * SHORT);
  /** `K ^ opad`, followed by room for the inner digest. */
  const outer = Buffer.alloc(BLOCK + DIGEST);
  for (let at = 0; at < BLOCK; at += 1) {
    inner[at] = 0x36 ^ (key[at] ?? 0);
    outer[at] = 0x5c ^ (key[at] ?? 0);
  }
  return function digest(value) {
    const text = canonicalJson(value);
    if (text.length > MAX_HASHED) {
      const start = `${text.length}:${text.slice(0, MAX_HASHED)}`;
      return PARTLY + createHmac('sha256', key).update(start).digest('base64url');
    }
    if (text.length > SHORT) return createHmac('sha256', key).update(text).digest('base64url');
    const end = BLOCK + inner.write(text, BLOCK);
    // A binary string (one character per byte) needs no further buffer.
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', outer, 'base64url');
  };
}

/** RFC 8785. A lone surrogate, for which it defines no form, is replaced so that the call still gets a digest. */
function canonicalJson(value: unknown): string {
  let isCanonical = typeof value === 'object' && value !== null && !Array.isArray(value);
  const names = isCanonical ? Object.keys(value as object) : [];
  let before = '';
  for (const name of names) {
    isCanonical &&= name >= before && PLAIN.has(typeof (value as Record<string, unknown>)[name]);
    before = name;
  }
  // Section 3.2.2: a flat object with sorted names, as most arguments are.
  if (isCanonical) return JSON.stringify(value);
  try {
    return canonicalize(value) ?? 'null';
  } catch {
    return JSON.stringify(value) ?? 'null';
  }
}
