import type { Endpoints } from './endpoints.js';

/** The page runs no script and loads nothing. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Response headers of the page. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': CONTENT_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
};

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 3rem 1.25rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
  h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
  .version { opacity: .65; margin: 0 0 1.5rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0; }
  dt { opacity: .75; }
  dd { margin: 0; overflow-wrap: anywhere; }
  code, pre { font: .875rem/1.55 ui-monospace, monospace; }
  pre { padding: .9rem 1rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
    border-radius: .5rem; overflow-x: auto; margin: .5rem 0; }
  @media (max-width: 36rem) { dl { display: block; } dd { margin: 0 0 .75rem; } }
`;

/** The endpoints and first steps, for a browser. */
export function landingPage(endpoints: Endpoints, title = endpoints.name): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p class="version">${escape(endpoints.name)} ${escape(endpoints.version)}</p>
<p>A Model Context Protocol server. Every caller proves who it is with a JWT in the
<code>Authorization</code> header.</p>
<h2>Where things are</h2>
<dl>
${entry('Streamable HTTP', endpoints.mcp)}
${entry('HTTP with SSE', `GET ${endpoints.sse}`)}
${entry('Messages', `POST ${endpoints.message}?sessionId=…`)}
${entry('Give a token back', `POST ${endpoints.revoke}`)}
${entry('Resource metadata', `GET ${endpoints.resource_metadata}`)}
${entry('Health', `GET ${endpoints.health}`)}
</dl>
<h2>Try it</h2>
${tryIt(endpoints)}
</body>
</html>
`;
}

function tryIt(endpoints: Endpoints): string {
  const token =
    endpoints.token === undefined
      ? ['# ask your operator for a token', 'TOKEN=…']
      : [`TOKEN=$(curl -s "${endpoints.token}" \\`, "  | node -pe 'JSON.parse(fs.readFileSync(0)).token')"];
  const inspect = [
    `npx @modelcontextprotocol/inspector --cli ${endpoints.mcp} --transport http \\`,
    '  --header "Authorization: Bearer $TOKEN" --method tools/list',
  ];
  return `<pre>${escape([...token, ...inspect].join('\n'))}</pre>`;
}

function entry(term: string, description: string): string {
  return `<dt>${escape(term)}</dt><dd><code>${escape(description)}</code></dd>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
