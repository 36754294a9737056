/**
 * The application of `src/main.ts` with a further module of N generated tools. Takes the folder of the build
 * and N.
 */
import type { Type } from '@nestjs/common';
import { z } from 'zod';

type Build = typeof import('../src/app.module.ts') &
  typeof import('../src/bootstrap/http-app.ts') &
  typeof import('../src/config/index.ts') &
  typeof import('../src/mcp/index.ts');

const FILES = ['app.module.js', 'bootstrap/http-app.js', 'config/index.js', 'mcp/index.js'];

const [dist, count] = process.argv.slice(2);
const parts = await Promise.all(FILES.map((file): Promise<object> => import(new URL(file, dist).href)));
const build = Object.assign({}, ...parts) as Build;

function generatedTool(number: number): Type {
  const input = z.object({
    query: z.string().describe('What to look for'),
    limit: z.number().int().min(1).max(100).describe('How many to return'),
  });
  class GeneratedTool {
    execute({ query }: z.infer<typeof input>): string {
      return `${number}: ${query}`;
    }
  }
  build.Tool({ name: `generated-${number}`, description: `Generated tool ${number}`, input })(GeneratedTool);
  return GeneratedTool;
}

class GeneratedToolsModule {
  readonly name = 'generated tools';
}

const settings = build.loadSettings(process.env, { directory: process.cwd() });
const application = build.AppModule.forRoot(settings);
const providers = Array.from({ length: Number(count) }, (_, number) => generatedTool(number));
const imports = [...(application.imports ?? []), { module: GeneratedToolsModule, providers }];

const app = await build.createHttpApp(settings, { ...application, imports });
await app.listen(settings.http.port, settings.http.host);
process.once('SIGTERM', () => void build.closeHttpApp(app, settings.sessions.shutdownGraceMs));
