export { BoundedExpressAdapter } from './bounded-express.adapter.js';
export { BodyParserGuard } from './body-parser.guard.js';
export { edge } from './edge.middleware.js';
export { FallbackFilter } from './fallback.filter.js';
export { HttpModule } from './http.module.js';
export { LandingController } from './landing.controller.js';
export { ProblemFilter } from './problem.filter.js';
