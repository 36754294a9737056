import { loadSettings } from '../../config/index.js';
import { issueFromArguments, TOKEN_USAGE } from './token.command.js';

// Only the token goes to stdout, so that a shell can assign it to a variable.
try {
  const { auth } = loadSettings(process.env, { directory: process.cwd() });
  process.stdout.write(`${await issueFromArguments(process.argv.slice(2), auth)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${TOKEN_USAGE}\n`);
  process.exitCode = 1;
}
