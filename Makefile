# Two commands on a fresh machine (Python >= 3.11 and make): `make run`, `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# behind a company's own certificate authority, the system's store knows it and uv's own does not
export UV_SYSTEM_CERTS ?= true
PY ?= python3
V := .venv
PYTHON := $(V)/bin/python
PACKAGES := gateway channels handlers storage scheduler
PORT ?=
ARGS ?=
# 3 workers even on two cores (browsers and databases keep one waiting; measured: a sixth of the time), a file stays on
# one of them (its module's fixtures are made once); `make test ARGS="-k zalo"` narrows
WORKERS ?= 3

.PHONY: help install dev run demo test bench train check lint format types layers dependencies deadcode locks scripts fix screenshots properties chaos audit lock clean distclean

help: ## what there is
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment: runtime from one hashed lock, the rest from another that agrees with it -----------------

$(V)/.uv: requirements/bootstrap.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PY=/path/to/python3.11")'
	$(PY) -m venv $(V)
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(V)/.runtime: $(V)/.uv requirements/runtime.txt pyproject.toml
	$(V)/bin/uv pip install -q --python $(PYTHON) --require-hashes -r requirements/runtime.txt
	$(V)/bin/uv pip install -q --python $(PYTHON) --no-deps --no-build-isolation -e .
	@touch $@

$(V)/.dev: $(V)/.runtime requirements/dev.txt
	$(V)/bin/uv pip install -q --python $(PYTHON) --require-hashes -r requirements/dev.txt
	@touch $@

# compiled here: a service that may not write here would do it at every start (measured: 10 s against 3)
install: $(V)/.runtime ## the environment only, into .venv
	@$(PYTHON) -m compileall -q -j 0 $(V)/lib $(PACKAGES)
dev: $(V)/.dev ## the environment with everything the tests and checks need

# --- run ------------------------------------------------------------------------------------------------------

run: $(V)/.runtime ## the gateway on the embedded default; PORT=… overrides the port
	@exec $(PYTHON) -m gateway run $(if $(PORT),--port $(PORT)) $(ARGS)

demo: $(V)/.runtime ## the gateway, every platform's stand-in, simulated customers and an advisor
	@exec $(PYTHON) -m gateway demo $(if $(PORT),--port $(PORT)) $(ARGS)

# --- prove ----------------------------------------------------------------------------------------------------

# what Python compiles is kept, whatever the caller's environment says: a hundred processes start here (a tenth of the time)
test properties: export PYTHONDONTWRITEBYTECODE :=
test: $(V)/.dev ## the whole suite, with a real PostgreSQL and a real Chromium; what failed once more, alone
	$(PYTHON) -m tools.suite -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(V)/.dev ## the figures of docs/performance.md, next to this machine's own limits
	$(PYTHON) -m tools.bench $(ARGS)

train: $(V)/.dev ## the model of intents anew, after a change of tests/corpus or the lexicon; ARGS=--check says how good it is
	$(PYTHON) -m tools.train_intents $(ARGS)

screenshots: $(V)/.dev ## pictures of every view, into docs/
	$(PYTHON) -m tools.screenshots $(ARGS)

properties: $(V)/.dev ## conversations at random, EXAMPLES=5000 of them, held to what must always be true
	EXAMPLES=$(or $(EXAMPLES),5000) $(PYTHON) -m pytest -q -o timeout=0 tests/handlers/test_properties.py $(ARGS)

chaos: $(V)/.dev ## the long kill loop
	$(PYTHON) -m tools.chaos $(ARGS)

audit: $(V)/.dev ## known vulnerabilities in the runtime lock, where the network allows asking
	$(V)/bin/pip-audit --require-hashes --disable-pip -r requirements/runtime.txt $(ARGS)

CHECKS := lint format types layers dependencies deadcode locks scripts
check: $(CHECKS) ## lint, format, types, layers, dependencies, dead code, locks, scripts; -k shows all faults at once
$(CHECKS): $(V)/.dev
lint:
	$(V)/bin/ruff check
format:
	$(V)/bin/ruff format --check
types:
	$(V)/bin/mypy
layers:
	$(V)/bin/lint-imports --no-logo
dependencies:
	$(V)/bin/deptry .
deadcode:
	$(V)/bin/vulture
locks:
	$(PYTHON) tools/check_lock.py
scripts:
	$(PYTHON) tools/browser/check_scripts.py

fix: $(V)/.dev ## what ruff can put right by itself
	$(V)/bin/ruff check --fix
	$(V)/bin/ruff format

# --- the lock: public files only (no index, link or configuration of this machine), no host name in it ---------

UV_CLEAN := env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS -u UV_CONSTRAINT \
	-u UV_OVERRIDE $(V)/bin/uv --no-config
LOCK := $(UV_CLEAN) pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock: $(V)/.uv ## resolve anew within pyproject.toml; UPGRADE=1 takes the newest of everything
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra postgres --group build -o requirements/runtime.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra postgres --group dev -c requirements/runtime.txt -o requirements/dev.txt
	$(PY) tools/check_lock.py

clean: ## caches and build products
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov build dist
	find $(PACKAGES) tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## and the environment; never var/, which is somebody's data
	rm -rf $(V) tools/browser/node_modules
