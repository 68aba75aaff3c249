# The two commands are `make run` and `make test`; the others are parts of them.

PROFILE ?= dev
BIFROST := target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/bifrost
# The flows of the web UI that have to fit in `make test`: the first start, what tenants plant, the first hour.
SOME_FLOWS := 1-first-start 4-hostile 9-first-hour
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
VENV := target/python
BUILD := cargo build --workspace --all-targets

.PHONY: help run build test test-full test-rust test-python libraries compat compat-sample packages services check-ui crosscheck test-ui webhooks-long lint advisories bench openapi fuzz chaos chaos-long chaos-planted

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

build: client/node_modules ## Build the program with the base embedded; fails where the web UI's types are not the API's
	cd client && npm run --silent fits
	cargo build --profile $(PROFILE) -p bifrost

run: build ## Start the platform, run a workflow end to end, keep serving (ONCE=1: stop)
	ONCE=$(ONCE) examples/run.sh $(BIFROST)

services: ## Start PostgreSQL, RabbitMQ and Redis where they do not run yet
	tests/services/start.sh

test: test-python test-rust check-ui crosscheck openapi compat-sample ## Run all tests (NO_CHAOS=1: where the services' programs are not installed; NO_BROWSER=1: without Chromium)
	$(if $(NO_BROWSER),,$(MAKE) test-ui FLOWS="$(SOME_FLOWS)")
	$(if $(NO_CHAOS),,$(MAKE) chaos)

test-full: ## The same, whole suites of libraries, a hundred packages, ten thousand runs in a storm and planted faults (STEPS="compat chaos-long": only these); prints what was seen
	tests/full.sh $(STEPS)

# What tests start with node: a real OpenID provider.
tests/oidc/node_modules: tests/oidc/package-lock.json
	cd tests/oidc && npm ci --no-fund --no-audit --silent
	touch $@

test-rust: services libraries tests/oidc/node_modules
	$(BUILD)
ifeq ($(NEXTEST),yes)
	cargo nextest run --workspace --no-fail-fast
else
	cargo test --workspace --no-fail-fast
endif

client/node_modules: client/package-lock.json
	cd client && npm ci --no-fund --no-audit --silent
	touch $@

check-ui: client/node_modules ## Check the web UI: the API's types, its own, its tests, its size
	cd client && npm run --silent check

crosscheck: ## Compare the browser's evaluators with the server's, on forms and rules by chance (SEED=7 COUNT=20000)
	PROFILE=dev host/expressions/crosscheck.sh $(or $(SEED),20261126) $(or $(COUNT),5000)
	PROFILE=dev host/forms/crosscheck.sh $(or $(SEED),20261126) $(or $(COUNT),5000)

webhooks-long: ## Send ten thousand deliveries, kill the server in between, and count the runs
	$(BUILD)
	cargo test -p bifrost-tests --test webhooks -- --ignored --nocapture so_do_many

# Chromium is Debian's package; CHROMIUM names another one.
test-ui: build services client/node_modules tests/oidc/node_modules ## Use the web UI in a real browser (FLOWS="1-first-start 6-": some files)
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  { echo "install Chromium (Debian: chromium), or name one by CHROMIUM" >&2; exit 1; }
	cd client && BIFROST=$(abspath $(BIFROST)) npm run --silent e2e -- $(FLOWS)

$(VENV)/bin/pytest:
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check pytest==8.4.2 httpx==0.28.1 XlsxWriter==3.2.9

test-python: $(VENV)/bin/pytest
	cd sdk-python && ../$(VENV)/bin/pytest -q -p no:cacheprovider
	PYTHONPATH=sdk-python $(VENV)/bin/pytest -q -p no:cacheprovider examples/tests

libraries: $(VENV)/bin/pytest
	$(VENV)/bin/python tests/libraries/unpack.py target/libraries tests/libraries/requirements.txt

compat-sample: build $(VENV)/bin/pytest ## Run part of the suites of requests, httpx and pydantic in the sandbox
	$(VENV)/bin/python tests/compat/run.py --sample $(BIFROST)

compat: build $(VENV)/bin/pytest ## Run the suites of requests, httpx and pydantic in the sandbox, print a table
	$(VENV)/bin/python tests/compat/run.py $(BIFROST)

packages: build $(VENV)/bin/pytest ## Use each of a hundred packages in the sandbox, print a table
	$(VENV)/bin/python tests/compat/packages.py --at-least 85 $(BIFROST)

openapi: build $(VENV)/bin/pytest ## Ask every operation what nobody would (OPENAPI="--long --database URL")
	$(VENV)/bin/python tests/openapi/run.py $(OPENAPI) $(BIFROST)

fuzz: ## Search for inputs that break what reads them (SECONDS_EACH=60)
	BOLERO_RANDOM_TEST_TIME_MS=$$(( $${SECONDS_EACH:-60} * 1000 )) BOLERO_RANDOM_ITERATIONS=1000000000 \
	  cargo test --workspace --lib --bins -- --test-threads 2 fuzz:: any_memory_is_a_module anything_is_read

lint: advisories ## Check format, lints, and known advisories in dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	tests/features.py

advisories: ## Ask the databases of known advisories (STRICT=1: fail where one cannot be asked)
	tests/advisories.sh

client/bench/node_modules: client/bench/package-lock.json client/node_modules
	cd client/bench && npm ci --no-fund --no-audit --silent
	touch $@

bench: services libraries client/bench/node_modules ## Measure the platform beside what it is compared with (BENCH="--quick --only cpu")
	cargo build --release -p bifrost -p bifrost-bench
	target/release/bifrost-bench $(BENCH)

chaos: services ## Harm everything the platform runs on for a while, and check its promises (CHAOS="--seed 7")
	$(BUILD)
	target/debug/bifrost-chaos $(CHAOS)
	target/debug/bifrost-chaos --rolling --runs 150 --seconds 25

chaos-long: services ## The same for 10,000 runs, about half an hour
	$(BUILD)
	target/debug/bifrost-chaos --runs 10000 --seconds 1200 $(CHAOS)

chaos-planted: services ## Show that the harness finds what it is there for
	$(BUILD)
	cargo build --workspace --bin bifrost-planted --features bifrost/planted-faults
	found=0; for fault in ack-before-lease no-fencing no-outbox; do \
	  target/debug/bifrost-chaos --planted $$fault $(CHAOS) || found=1; \
	done; exit $$found
