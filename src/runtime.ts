import * as loader from 'node:module';

/** As `engines` of package.json has it. */
const OLDEST_NODE = '22.12.0';

/**
 * Before anything of the application is loaded: remembers its compiled code, since loading is most of a start. An
 * older Node is refused by its number; it would otherwise fail with the name of whatever it lacks first.
 */
export function prepareRuntime(): void {
  const { node } = process.versions;
  if (node.localeCompare(OLDEST_NODE, 'en', { numeric: true }) < 0) {
    process.stderr.write(`This server needs Node ${OLDEST_NODE} or later; this is Node ${node}\n`);
    process.exit(1);
  }
  loader.enableCompileCache();
}
