import { Inject, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AUDIT_SETTINGS,
  AUTH_SETTINGS,
  ConfigurationModule,
  HTTP_SETTINGS,
  LIMIT_SETTINGS,
  LOG_SETTINGS,
  loadSettings,
  SESSION_SETTINGS,
  type AuditSettings,
  type AuthSettings,
  type HttpSettings,
  type LimitSettings,
  type LogSettings,
  type SessionSettings,
} from './index.js';

@Injectable()
class Room {
  constructor(
    @Inject(HTTP_SETTINGS) readonly http: HttpSettings,
    @Inject(AUTH_SETTINGS) readonly auth: AuthSettings,
    @Inject(SESSION_SETTINGS) readonly sessions: SessionSettings,
    @Inject(LIMIT_SETTINGS) readonly limits: LimitSettings,
    @Inject(LOG_SETTINGS) readonly logs: LogSettings,
    @Inject(AUDIT_SETTINGS) readonly audit: AuditSettings,
  ) {}
}

describe('ConfigurationModule', () => {
  const secret = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';
  const settings = loadSettings({ NODE_ENV: 'test', JWT_SECRET: secret }, { directory: import.meta.dirname });

  const build = () =>
    Test.createTestingModule({
      imports: [ConfigurationModule.forRoot(settings, { name: 'spec', version: '1.0.0' })],
      providers: [Room],
    }).compile();

  it('provides each group of settings', async () => {
    // The process's entry point reads those that are left out here.
    const { environment, warnings, stdio, backplane, ...namespaces } = settings;
    expect([environment, warnings, stdio.scopes]).toEqual(['development', [], ['mcp:access']]);
    expect(backplane.redis).toBeUndefined();
    expect((await build()).get(Room)).toEqual(namespaces);
  });
});
