import { Module } from '@nestjs/common';
import * as content from './content.tools.ts';
import * as notifying from './notifying.tools.ts';
import * as schema from './schema.tools.ts';

/** What the suite expects of a server: nothing else registers these classes. */
@Module({ providers: [content, notifying, schema].flatMap((file) => Object.values(file)) })
export class ConformanceModule {}
