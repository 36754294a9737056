import { Module } from '@nestjs/common';
import { EchoTool } from './echo.tool.js';
import { GetTimeTool } from './get-time.tool.js';
import { RandomNumberTool } from './random-number.tool.js';
import { TestTool } from './test.tool.js';

/** The tools of this server. To add one, write its class and list it here. */
@Module({ providers: [TestTool, EchoTool, GetTimeTool, RandomNumberTool] })
export class ToolsModule {}
