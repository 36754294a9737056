# docs/deploy.md describes the image; container/ checks the steps below without a container engine.

# The minor version is that of the npm scripts in package.json. Pin a digest with --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24.21-bookworm-slim

# The input of both npm installs: a change in src/ does not repeat them.
FROM ${NODE_IMAGE} AS manifest
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM manifest AS build
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY container/bundle.ts ./container/
RUN npm run build

# Without devDependencies, one of which is an npm package with a second node. None of the other packages
# has an install script, so scripts are disabled.
FROM manifest AS dependencies
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="nestjs-mcp-server" \
      org.opencontainers.image.description="A guarded Model Context Protocol server on NestJS" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    PORT=3001
WORKDIR /app
# Root owns all files: the server cannot change its own code, and it writes no file.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
# The base image's user "node", as a number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# node is process 1, without shell or npm, so that it receives SIGTERM. For the options see docs/deploy.md, "Garbage
# collection".
ENTRYPOINT []
CMD ["node", "--min-semi-space-size=16", "--max-semi-space-size=16", "dist/main.js"]
