export { ROUTE_CONTROLLERS, ServerModule } from './server.module.js';
