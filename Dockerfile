# Skyflow as a container: the sources as they are (Node 24 runs TypeScript), the locked packages, no build step.
# It carries no redis-server and no nats-server: give it the stores' URLs (docker-compose.yml does).

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages carry chDB's engine for this processor. The Node among them is for hosts with an older one.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Skyflow" \
  org.opencontainers.image.description="A self-hosted AT Protocol firehose indexer and feed generator" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
  NODE_OPTIONS=--disable-warning=ExperimentalWarning \
  UV_THREADPOOL_SIZE=16 \
  NO_COLOR=1 \
  SKYFLOW_DATA_DIR=/data \
  SKYFLOW_FEEDS_DIR=/feeds \
  SKYFLOW_HOST=0.0.0.0 \
  SKYFLOW_METRICS_PORT=8091 \
  SKYFLOW_NO_INSTALL=true
# A volume takes its owner and its rights from the folder that it covers.
RUN mkdir -m 0700 /data /session-key && chown node:node /data /session-key && mkdir /feeds
WORKDIR /app
# Everything under /app belongs to root: the process can read its code and not change it.
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY cmd ./cmd
COPY pkg ./pkg
COPY proto ./proto
COPY migrations ./migrations
COPY testing/simulator ./testing/simulator
USER node
VOLUME /data
EXPOSE 8000 8001 8003 8010 8013 8091 8094 8095
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SKYFLOW_METRICS_PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cmd/skyflow/main.ts"]
CMD ["--help"]
