# Every target makes its own set-up: a virtual environment with exactly what the lock says, renewed when the lock changes.
# Needs only Python 3.11 or newer; uv is used when it is on PATH because it is faster.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first that is there and really is new enough; `make PYTHON=/path/to/python run` overrides.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
BIN := .venv/bin
TESTS ?= tests
PROCESSES ?= 2

.PHONY: help run test coverage check faults bench screenshots lock clean setup setup-dev

help: ## Show the targets
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: setup ## Start everything with a simulated store; ends at READY, Ctrl-C stops it
	@exec $(BIN)/storeloom up --demo $(ARGS)

test: setup-dev ## Run the tests; they start their own PostgreSQL and Valkey (TESTS=path, PROCESSES=n)
	@$(BIN)/pytest -q -n $(PROCESSES) $(TESTS) $(ARGS)

coverage: setup-dev ## Run the tests and show which lines none of them reaches
	@$(BIN)/coverage erase && COVERAGE_PROCESS_START=pyproject.toml $(BIN)/coverage run -m pytest -q $(TESTS) $(ARGS)
	@$(BIN)/coverage combine -q && $(BIN)/coverage report

check: setup-dev ## Lint, format check, types, import rules, architecture tests
	@echo "ruff check" && $(BIN)/ruff check --quiet .
	@echo "ruff format" && $(BIN)/ruff format --quiet --check .
	@echo "mypy" && $(BIN)/mypy --no-error-summary
	@echo "import rules" && $(BIN)/lint-imports --no-logo >.venv/import-rules.log 2>&1 || { cat .venv/import-rules.log; exit 1; }
	@if [ -d tests/architecture ]; then echo "architecture" && $(BIN)/pytest -q tests/architecture; fi

faults: setup-dev ## Play seeded runs under disasters (ARGS='--runs N --seed FIRST'); 200 of them take half an hour
	@$(BIN)/python -m tests.faults.campaign $(ARGS)

bench: setup-dev ## Measure and print ratios (bench/README.md explains them)
	@$(BIN)/python -m bench $(ARGS)

screenshots: setup-dev ## Take the pictures of the README (needs Chromium)
	@$(BIN)/python -m tests.support.screenshots

lock: ## Recompile both lock files from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@uv pip compile --quiet pyproject.toml $(LOCK_FLAGS) -o requirements.lock
	@uv pip compile --quiet pyproject.toml --extra dev -c requirements.lock $(LOCK_FLAGS) -o requirements-dev.lock
	@echo "locked: requirements.lock, requirements-dev.lock"
LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## Remove the virtual environment and all caches, but no data
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

# What is installed satisfies `make run` when it was made from either lock: the larger one holds the smaller one.
setup:
	@PYTHON="$(PYTHON)" bash .ci/environment requirements.lock

setup-dev:
	@PYTHON="$(PYTHON)" bash .ci/environment requirements-dev.lock
