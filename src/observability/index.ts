export { AppLogger } from './app.logger.js';
export { HealthController } from './health.controller.js';
export { ObservabilityModule } from './observability.module.js';
export { Readiness } from './readiness.js';
