/** The kit with which a team tests its own tools, resources and prompts: docs/add-a-tool.md. */
export { type CallContextOptions, createCallContext, type TestCallContext } from './call-context.js';
export { CONFORMANCE_SCENARIOS, type ConformanceOptions, expectConformance } from './conformance.js';
export { McpTestApp, type McpTestAppOptions, startMcpTestApp, type TestCaller } from './mcp-test.app.js';
export { type Era, ERAS, McpRequestError, McpTestClient } from './mcp-test.client.js';
