# The two commands are `make run` and `make test`; the others are parts of them.

PROFILE ?= dev
BIFROST := target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/bifrost
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
VENV := target/python

.PHONY: help run build test test-rust test-python services lint

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

build: ## Build the program with the base embedded
	cargo build --profile $(PROFILE) -p bifrost

run: build ## Start the platform, run a workflow end to end, keep serving (ONCE=1: stop)
	ONCE=$(ONCE) examples/run.sh $(BIFROST)

services: ## Start PostgreSQL and RabbitMQ where they do not run yet
	tests/services/start.sh

test: test-python test-rust ## Run all tests

test-rust: services
	cargo build -p bifrost
ifeq ($(NEXTEST),yes)
	cargo nextest run --workspace --no-fail-fast
else
	cargo test --workspace --no-fail-fast
endif

$(VENV)/bin/pytest:
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check pytest==8.4.2

test-python: $(VENV)/bin/pytest
	cd sdk-python && ../$(VENV)/bin/pytest -q -p no:cacheprovider
	PYTHONPATH=sdk-python $(VENV)/bin/pytest -q -p no:cacheprovider examples/tests

lint: ## Check format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
