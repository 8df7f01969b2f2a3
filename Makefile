# All a person runs. Everything lands in this folder (.venv, node_modules, src/verno/static, var); needed beforehand
# are python3 (3.11 or newer), node with npm, make, git and bash.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
LOCKED := .venv/.locked
MODULES := node_modules/.locked
STATIC := src/verno/static/.built
ASSETS := $(shell find assets -type f -not -name '*.tsbuildinfo')
CATALOGUES := $(patsubst %.po,%.mo,$(shell find src/verno -name '*.po'))

# The type checker loads Django's settings; what they make on first use belongs into its cache, not into ./var.
CHECK_HOME := VERNO_HOME=$(CURDIR)/.mypy_cache/verno
# A home folder that cannot be written must not stop npm.
NPM := npm_config_cache="$$(tools/npm-cache)" npm --no-audit --no-fund --no-update-notifier --loglevel=error

.PHONY: help setup demo test check sabotage faults lock clean debian

help:
	@echo "make demo      set up, load a year of a real grocer's receipts, serve until Ctrl-C"
	@echo "make test      set up, check and run all tests"
	@echo "make setup     set up only"
	@echo "make check     lints, types, import contracts, sizes"
	@echo "make faults    the tests under fire in their long form, within an hour"
	@echo "make sabotage  break each promise in turn, and see its test turn red (ONLY=P5 for one)"
	@echo "make lock      renew the locks of the Python packages"
	@echo "make clean     remove what setup made (data in var stay)"

setup: $(LOCKED) $(STATIC) $(CATALOGUES)

demo: setup
	@exec $(BIN)/verno demo

test: debian check
	$(BIN)/pytest -n 2 $(PYTEST)

check: setup
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(CHECK_HOME) $(BIN)/mypy
	$(CHECK_HOME) $(BIN)/lint-imports --no-logo
	$(BIN)/python tools/sizes.py

# In the clone of HEAD that it makes, never here.
sabotage: setup debian
	@$(BIN)/python tools/sabotage.py $(ONLY)

# One after the other: kills and crowds want the machine for themselves.
faults: setup debian
	VERNO_THOROUGH=20 $(BIN)/pytest tests/faults tests/engine $(PYTEST)

# Packages of Debian that only tests need; without them those tests are skipped and say why.
debian:
	@tools/debian chromium wrk faketime postfix kannel:bearerbox

$(LOCKED): requirements-dev.lock pyproject.toml
	@tools/venv "$(PYTHON)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(MODULES): package.json package-lock.json
	$(NPM) ci
	@touch $@

$(STATIC): $(MODULES) $(ASSETS)
	$(NPM) run --silent build
	@touch $@

%.mo: %.po | $(LOCKED)
	$(BIN)/python tools/compile_messages.py
	@touch $@

UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate --no-emit-package verno

lock: $(LOCKED)
	$(UV) $(UPGRADE) pyproject.toml -o requirements.lock
	$(UV) $(UPGRADE) pyproject.toml --extra demo -c requirements.lock -o requirements-demo.lock
	$(UV) $(UPGRADE) pyproject.toml --extra dev -c requirements-demo.lock -o requirements-dev.lock

clean:
	rm -rf .venv node_modules src/verno/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
	find src -name '*.mo' -delete
