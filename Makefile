# Every target brings what it needs. `make help` lists them.
.DEFAULT_GOAL := build
.PHONY: build run test lint audit openapi schema bench setup help

export PATH := $(PATH):$(HOME)/.cargo/bin
ifeq ($(shell uname),Darwin)
ifndef PQ_LIB_DIR
# Homebrew keeps libpq out of the linker's sight.
export PQ_LIB_DIR := $(if $(filter arm64,$(shell uname -m)),/opt/homebrew,/usr/local)/opt/libpq/lib
endif
endif

build: setup ## Build the release binary (what plain `make` does)
	cargo build --release --locked

run: setup ## Build and serve on http://127.0.0.1:8080 with a private PostgreSQL; Ctrl-C stops both
	cargo run --release --locked -- serve

test: setup-server ## Run everything that proves the project: tests, format, lints
	@scripts/test.sh

lint: setup ## Check format and lints, with warnings as errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

audit: ## Check licences, advisories and sources of all dependencies (needs cargo-deny)
	@cargo deny --version >/dev/null 2>&1 || { echo 'cargo-deny is missing: run `cargo install --locked cargo-deny`, then try again.' >&2; exit 1; }
	cargo deny --locked check

openapi: setup ## Write the API document and the list of problems that are checked in
	@mkdir -p openapi
	cargo run --locked -- openapi > openapi/openapi.json.new
	@mv openapi/openapi.json.new openapi/openapi.json
	cargo run --locked -- problems > docs/problems.md.new
	@mv docs/problems.md.new docs/problems.md

schema: setup-server ## Write src/repository/schema.rs from the migrations
	cargo test --locked --test it guards::schema::write_schema_rs -- --ignored --exact
	@scripts/stop-test-postgres.sh

N ?= 1000000
RUNS ?= 3
bench: setup-server ## Measure the release binary against plain SQL; N=20000 contacts, RUNS=1 for a quick look
	cargo bench --locked --bench bulk -- --contacts $(N) --runs $(RUNS) $(if $(OUT),--out $(OUT)) $(if $(ONLY),--only $(ONLY)) $(if $(GROWTH),--growth $(GROWTH))

setup: ## Install what is missing: a C compiler, libpq, PostgreSQL's server unless DATABASE_URL is set
	@scripts/setup.sh

# The tests have a server of their own, whatever DATABASE_URL says.
.PHONY: setup-server
setup-server:
	@DATABASE_URL= scripts/setup.sh

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
