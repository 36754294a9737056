import { type DiscoveryService, LazyModuleLoader, ModulesContainer } from '@nestjs/core';

type Module = ReturnType<DiscoveryService['getModules']>[number];

/** Injects {@link CatalogSource}. */
export const CATALOG_SOURCE = Symbol('CATALOG_SOURCE');

/** The application in whose modules tools, resources and prompts are found, with their enhancers. */
export interface CatalogSource {
  readonly modules: ModulesContainer;
  readonly loader: LazyModuleLoader;
  /** Whether primitives of this module count; default: those of all modules. */
  readonly includes?: ((module: Module) => boolean) | undefined;
}
