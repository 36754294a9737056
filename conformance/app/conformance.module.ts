import { Module } from '@nestjs/common';
import * as asking from './asking.tools.ts';
import * as changing from './changing.tools.ts';
import * as content from './content.tools.ts';
import * as inputRequired from './input-required.tools.ts';
import * as notifying from './notifying.tools.ts';
import * as polling from './polling.tools.ts';
import * as prompts from './prompts.ts';
import * as resources from './resources.ts';
import * as schema from './schema.tools.ts';

const FILES = [content, notifying, schema, asking, inputRequired, polling, changing, resources, prompts];

/** The tools, resources and prompts that the suite expects of a server. */
@Module({ providers: FILES.flatMap((file) => Object.values(file)) })
export class ConformanceModule {}
