FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc .swcrc prisma.config.ts ./
COPY scripts ./scripts
COPY prisma ./prisma
RUN npm ci --no-audit --no-fund
COPY src ./src
COPY docs/problems ./docs/problems
RUN npm run build && npm prune --omit=dev --no-audit --no-fund --ignore-scripts

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 LIFEBOAT_DATA_DIR=/var/lib/lifeboat
RUN mkdir -p /var/lib/lifeboat && chown node:node /var/lib/lifeboat
COPY --from=build --chown=node:node /app /app
USER node
EXPOSE 8080
VOLUME /var/lib/lifeboat
# Without the limit, the young generation of the heap alone grows to 100 MB on a machine with much memory.
CMD ["node", "--max-semi-space-size=8", "--enable-source-maps", "dist/main.js"]
