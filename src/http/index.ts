export { BoundedExpressAdapter } from './bounded-express.adapter.js';
export { edge } from './edge.middleware.js';
export { HttpModule } from './http.module.js';
export { LandingController } from './landing.controller.js';
export { ProblemFilter } from './problem.filter.js';
export { SERVER_INFO } from './server-info.js';
