# What developers and operators do often. Each recipe calls the same programs as npm does, with the Node of the locked packages.

set positional-arguments
set quiet

# The locked packages' programs first, their Node among them; a machine without that one has a Node that is new enough.
export PATH := justfile_directory() / "node_modules/.bin" + ":" + env("PATH")

node := "node --disable-warning=ExperimentalWarning"
skyflow := "node scripts/skyflow.mjs"

# list the recipes
[private]
default:
    {{ just_executable() }} --list --unsorted

# everything that must hold before a commit, without any server: lint, types, pure tests, format
check: lint types test-pure format-check

# lint, with type information
lint:
    oxlint --type-aware

# check the types
types:
    tsc --noEmit
    if [ -d testing/e2e/node_modules ]; then tsc --noEmit -p testing/e2e; fi

# check the format
format-check:
    oxfmt --check

# format all files
fmt:
    oxfmt

# the tests that need no server
test-pure *ARGS:
    npm test -- --project pure "$@"

# all tests, or those in the files named
test *ARGS:
    npm test -- "$@"

# run everything in one process
up *ARGS:
    {{skyflow}} up "$@"

# a simulated network and everything in one process
demo *ARGS:
    {{skyflow}} demo "$@"

# run the indexer alone
indexer *ARGS:
    {{skyflow}} indexer "$@"

# run the API alone: needs DATABASE_URL, REDIS_URL, NATS_URL and a key
core-api *ARGS:
    {{skyflow}} core-api "$@"

# run the lenses alone: needs CLICKHOUSE_URL, DATABASE_URL, REDIS_URL and NATS_URL
timeline *ARGS:
    {{skyflow}} timeline "$@"

# run the live events alone: needs REDIS_URL and NATS_URL
realtime-gateway *ARGS:
    {{skyflow}} realtime-gateway "$@"

# run XP, streaks, achievements and leaderboards alone: needs CLICKHOUSE_URL, DATABASE_URL, REDIS_URL and NATS_URL
gamification *ARGS:
    {{skyflow}} gamification "$@"

# run the audit log and the dead letters alone: needs DATABASE_URL and NATS_URL
event-router *ARGS:
    {{skyflow}} event-router "$@"

# run the feed generator alone: needs CLICKHOUSE_URL, DATABASE_URL and REDIS_URL
feedgen *ARGS:
    {{skyflow}} feedgen "$@"

# look after feeds: just feeds list
feeds *ARGS:
    {{skyflow}} feeds "$@"

# have dead letters handled again: just replay --since 2h --dry-run
replay *ARGS:
    {{skyflow}} replay "$@"

# look at dead letters: just dlq list
dlq *ARGS:
    {{skyflow}} dlq "$@"

# all that one request caused: just trace ID
trace *ARGS:
    {{skyflow}} trace "$@"

# run Redis and NATS only
common *ARGS:
    {{skyflow}} common "$@"

# serve a simulated network
simulate *ARGS:
    {{skyflow}} simulate "$@"

# how the indexer is doing
status *ARGS:
    {{skyflow}} status "$@"

# look at an account through the lenses: just analyze alice.example.com --window 7d
analyze *ARGS:
    {{skyflow}} analyze "$@"

# ask ClickHouse: just sql "SELECT count() FROM posts"
sql *ARGS:
    {{skyflow}} sql "$@"

# apply all pending migrations
migrate-up *ARGS:
    {{skyflow}} migrate up "$@"

# undo the newest migrations: just migrate-down --store postgres
migrate-down *ARGS:
    {{skyflow}} migrate down "$@"

# show which migrations are applied
migrate-version *ARGS:
    {{skyflow}} migrate version "$@"

# start a new migration: just migrate-create add_labels --store clickhouse
migrate-create *ARGS:
    {{skyflow}} migrate create "$@"

# write schema.sql beside the migrations
migrate-dump-schema *ARGS:
    {{skyflow}} migrate dump-schema "$@"

# make the code of the protobuf messages anew
proto:
    {{node}} scripts/proto.ts

# kill the indexer again and again and compare with the oracle: 200 seeds
torture *ARGS:
    {{node}} testing/crash/main.ts "$@"

# kill the timeline service, NATS and Redis under requests, and compare what the streams, rows and dead letters say: 100 rounds
saga *ARGS:
    {{node}} testing/saga/main.ts "$@"

# 10,000 analyses, disturbed, while gamification, NATS, Redis and Postgres are killed: the ledger and all that follows must be the model's
torture-xp *ARGS:
    {{node}} testing/gamification/torture-main.ts "$@"

# a million damaged frames: each must be counted as ok, dropped or dead
fuzz *ARGS:
    {{node}} testing/crash/fuzz-main.ts "$@"

# a whole network on this machine, offline: do feeds arrive, and do Skyflow and an AppView count the same? Installs what that needs, at first
e2e *ARGS:
    {{node}} testing/e2e/setup.mjs
    vitest run --config testing/e2e/vitest.config.ts "$@"

# measure the ingest, socket to durable rows
bench-ingest *ARGS:
    {{node}} testing/bench/ingest-main.ts "$@"

# measure POST timeline/analyze at 200 requests a second
bench-api *ARGS:
    {{node}} testing/bench/api-main.ts "$@"

# measure the bus: completed analyses through gamification to the ledger and to SSE frames
bench-bus *ARGS:
    {{node}} testing/bench/bus-main.ts "$@"

# measure the feed generator beside one of the official starter's shape, and how fast a post becomes visible
bench-feeds *ARGS:
    {{node}} testing/bench/feeds/main.ts "$@"

# measure the SSE gateway: 10,000 connections, a burst to all, a stalled reader, reconnects
bench-sse *ARGS:
    {{node}} testing/bench/sse-main.ts "$@"

# measure the lenses at up to 100 million reactions, and the old way beside them
bench-lenses *ARGS:
    {{node}} testing/bench/lenses/main.ts "$@"
