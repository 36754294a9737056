/** What each folder of `src` may import of the others, always through the other one's `index.ts`. */
const MAY_IMPORT = {
  config: [],
  lines: [],
  audit: ['config', 'lines'],
  backplane: ['config'],
  http: ['audit', 'backplane', 'config'],
  observability: ['backplane', 'config', 'lines'],
  auth: ['audit', 'backplane', 'config', 'mcp'],
  mcp: ['audit', 'backplane', 'lines'],
  schematics: [],
  // Their specs use the test kit.
  tools: ['mcp', 'testing'],
  server: ['audit', 'auth', 'backplane', 'config', 'http', 'mcp'],
  testing: ['auth', 'mcp', 'server'],
  bootstrap: ['audit', 'auth', 'backplane', 'config', 'http', 'mcp', 'observability'],
};

/** The folders of `src/mcp`: each may import those before it. docs/decisions/0011-floors-of-mcp.md */
const FLOORS = [
  'messages',
  'decorators',
  'authorization',
  'limits',
  'sessions',
  'enhancers',
  'catalog',
  'client-input',
  'invocation',
  'protocol',
  'gate',
  'transports',
];

const rooms = Object.keys(MAY_IMPORT);
const insideOf = (names) => `^src/(${names.join('|')})/`;

const betweenRooms = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  name: `${room}-imports`,
  comment: `src/${room} imports ${others.join(', ') || 'no other folder'}`,
  severity: 'error',
  from: { path: insideOf([room]) },
  to: { path: '^src/', pathNot: [insideOf([room, ...others]), ...beside(room)] },
}));

/** Beside the table: tools import folders that a team adds; bootstrap imports the root module. */
function beside(room) {
  if (room === 'tools') return [`^src/(?!(${rooms.join('|')})/)[^/]+/`];
  return room === 'bootstrap' ? ['^src/(app\\.module|modules)\\.ts$'] : [];
}

const throughIndex = {
  name: 'through-index',
  comment: 'Another folder is imported through its index.ts',
  severity: 'error',
  from: { path: '^src/([^/]+)' },
  to: {
    path: insideOf(rooms),
    pathNot: ['^src/$1', '^src/[^/]+/index\\.ts$', '^src/bootstrap/', '^src/tools/tools\\.module\\.ts$'],
  },
};

const floors = FLOORS.slice(0, -1).map((floor, at) => ({
  name: `mcp-${floor}-imports`,
  comment: `src/mcp/${floor} imports ${FLOORS.slice(0, at).join(', ') || 'no other folder of src/mcp'}`,
  severity: 'error',
  from: { path: `^src/mcp/${floor}/` },
  to: { path: `^src/mcp/(${FLOORS.slice(at + 1).join('|')})/` },
}));

const sdkSeam = {
  name: 'sdk-in-messages-only',
  comment: 'Only src/mcp/messages imports the MCP SDK, and the test kit its client',
  severity: 'error',
  from: { path: '^src/', pathNot: ['^src/mcp/messages/', '^src/testing/'] },
  to: { path: 'node_modules/@modelcontextprotocol/' },
};

const noCycles = {
  name: 'no-cycles',
  comment: 'Files do not import each other in a circle, types included',
  severity: 'error',
  from: { path: '^src/' },
  to: { circular: true },
};

const found = {
  name: 'found',
  comment: 'An import leads to a file or an installed package',
  severity: 'error',
  from: {},
  to: { couldNotResolve: true },
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [...betweenRooms, throughIndex, ...floors, sdkSeam, noCycles, found],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
