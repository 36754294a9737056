import { Test } from '@nestjs/testing';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationModule, loadSettings } from '../config/index.js';
import { AuditModule, AuditTrail } from './index.js';

it('keeps records from its start to its end, and holds nothing afterwards', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'audit-module-'));
  const file = join(directory, 'audit.jsonl');
  const settings = loadSettings({
    NODE_ENV: 'test',
    JWT_SECRET: 's'.repeat(32),
    AUDIT_LOG: file,
    AUDIT_SYNC: 'on',
  });
  const listeners = process.listenerCount('SIGHUP');
  const module = await Test.createTestingModule({
    imports: [ConfigurationModule.forRoot(settings, { name: 'spec', version: '1' }), AuditModule],
  }).compile();
  await module.init();
  const trail = module.get<AuditTrail>(AuditTrail);
  trail.write({ event: 'audit.decision', decision: 'refused', code: 'expired' });
  // Twice: an application may be closed more than once.
  for (let at = 0; at < 2; at += 1) await module.close();
  trail.write({ event: 'audit.decision', decision: 'refused', code: 'too late' });
  expect(readFileSync(file, 'utf8')).toMatch(/^[^\n]*expired[^\n]*\n$/);
  expect(process.listenerCount('SIGHUP')).toBe(listeners);
  rmSync(directory, { recursive: true });
});
