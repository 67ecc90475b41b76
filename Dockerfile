# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential libpq-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin sweep \
    && cp target/release/sweep /usr/local/bin/sweep

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libpq5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/sweep --shell /usr/sbin/nologin sweep \
    && install --directory --owner=sweep --group=sweep --mode=0700 /var/lib/sweep
COPY --from=build /usr/local/bin/sweep /usr/local/bin/sweep

# The image has no PostgreSQL: DATABASE_URL names a server. Beyond loopback, sweep refuses to start without a key for
# its tokens: SWEEP_JWT_SECRET, or SWEEP_JWT_PUBLIC_KEY_FILE with SWEEP_JWT_ALGORITHM.
ENV SWEEP_LISTEN=0.0.0.0:8080 \
    SWEEP_DATA_DIR=/var/lib/sweep
USER sweep
WORKDIR /var/lib/sweep
VOLUME /var/lib/sweep
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/health/ready"]
ENTRYPOINT ["sweep"]
CMD ["serve"]
