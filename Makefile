# Every target makes .venv and the front end first where it needs them; a second call finds them ready.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

BIN := .venv/bin
PY := $(BIN)/python
LAB := extensions/jupyterlab-alm
UI := extensions/ui
LAB_OUT := alm_workbench/labextension/package.json
UI_OUT := alm_workbench/server/static/alm-report.js
HTMLCOV ?= htmlcov
SOURCES = $(shell find $(1) \( -name node_modules -o -name lib -o -name test -o -name '*.md' \) -prune -o -type f \
	-not -name '.*' -not -name '*.test.ts*' -not -name 'eslint.*' -not -name 'vitest.*' -not -name 'parser*.ts' -print)
export npm_config_update_notifier := false
PYTHON_CODE := alm_workbench tests scripts migrations extensions/alm-example

.PHONY: help install lab test lint format types imports js wheel bench bench-engines bench-domain bench-trust load faults soak docs-check lock clean distclean ready

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: ## Make .venv, install the locked packages, build the front end
	+@$(MAKE) --no-print-directory --jobs=3 ready

lab: install ## Start the workbench; options in ARGS="--no-browser --port 8899 --data-dir DIR"
	@exec $(BIN)/alm lab $(ARGS)

test: install ## Run all Python tests with coverage; options in PYTEST_ARGS="-k name"
	@$(PY) -m pytest --cov --cov-report= $(PYTEST_ARGS)
	@$(PY) -m coverage html --quiet --directory $(HTMLCOV)
	@echo "Coverage: $$($(PY) -m coverage report --format=total) %, in detail in $(HTMLCOV)/index.html"

lint: .venv/.ready ## Check the style of the Python code and the rules about imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory imports

imports: .venv/.ready ## Check who may import whom (the contracts in pyproject.toml)
	@$(BIN)/lint-imports --no-logo

format: .venv/.ready ## Put the Python code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: .venv/.ready ## Check the types of the Python code
	@$(BIN)/mypy

js: $(LAB)/node_modules/.ready $(UI)/node_modules/.ready .venv/.ready ## Check and test both front-end packages
	@for package in $(UI) $(LAB); do \
		echo "== $$package"; \
		(cd $$package && npm run --silent lint:check && npm run --silent test); \
	done

wheel: install ## Build dist/alm_workbench-VERSION-py3-none-any.whl with everything in it
	@rm -rf dist
	@out=$$($(PY) -m build --wheel --no-isolation --outdir dist . 2>&1) || { echo "$$out" >&2; exit 1; }
	@ls -sh dist/*.whl

bench: install ## Measure starts, imports, requests and the mirror; options in ARGS
	@$(PY) tests/performance/bench_skeleton.py $(ARGS)

bench-engines: install ## Measure the manifest core beside other engines; options in ARGS="--part access --no-peers"
	@$(PY) -m tests.performance.bench_engines $(ARGS)

bench-domain: install ## Measure finding in a large organisation; options in ARGS="--artifacts 1000000"
	@$(PY) tests/performance/bench_domain.py $(ARGS)

bench-trust: install ## Measure what the pipeline and row-level security cost; options in ARGS="--part rls"
	@$(PY) -m tests.performance.bench_trust $(ARGS)

load: install ## Let two hundred people work for five minutes; options in ARGS="--processes 2 --minutes 1"
	@$(PY) -m tests.performance.load $(ARGS)

faults: install ## Break databases, servers, disks and clocks under load; names in ARGS="disk-full"
	@$(PY) -m tests.faults.run $(ARGS)

soak: install ## Run the property tests up to a hundred times longer, within an hour; options in PYTEST_ARGS="-k agreement"
	@ALM_SOAK=1 $(PY) -m pytest -p no:cacheprovider -m soak --timeout=3600 --durations=10 \
		tests/unit/mpc tests/unit/testing tests/integration/mpc tests/faults $(PYTEST_ARGS)
	@$(PY) -m tests.contract.generated --requests 2000

docs-check: .venv/.ready ## Check that links and commands in the documents lead somewhere
	@$(PY) scripts/check_docs.py
	@$(PY) scripts/manifest_reference.py

lock: .venv/.ready ## Write requirements.lock and environment.yml anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-header \
		$(LOCK_ARGS) --output-file requirements.lock pyproject.toml
	@$(PY) scripts/conda_environment.py --write

clean: ## Remove what was built and cached; .venv, node_modules and your data stay
	@rm -rf dist build htmlcov .coverage coverage.xml .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		alm_workbench/labextension alm_workbench/server/static/*.{js,css,map} $(LAB)/lib
	@find $(PYTHON_CODE) -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and node_modules too
	@rm -rf .venv $(LAB)/node_modules $(UI)/node_modules

# What `install` brings about, in three jobs at once.
ready: .venv/.linked $(UI_OUT)
	@:

.venv/.ready: requirements.lock pyproject.toml scripts/install_python.sh
	@scripts/install_python.sh
	@touch $@

.venv/.linked: .venv/.ready $(LAB_OUT) scripts/link_jupyter.py deploy/jupyter/jupyter_server_config.json
	@$(PY) scripts/link_jupyter.py
	@touch $@

extensions/%/node_modules/.ready: extensions/%/package-lock.json extensions/%/.npmrc
	@scripts/check_node.sh
	@echo "Installing the npm packages of extensions/$*"
	@cd extensions/$* && npm ci --loglevel=error --no-progress >/dev/null
	@touch $@

$(LAB_OUT): $(LAB)/node_modules/.ready .venv/.ready $(call SOURCES,$(LAB) $(UI)/src/graph $(UI)/src/widgets)
	@echo "Building $(LAB)"
	@cd $(LAB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build:prod >node_modules/.build.log 2>&1 || { cat node_modules/.build.log >&2; exit 1; }
	@touch $@

$(UI_OUT): $(UI)/node_modules/.ready $(call SOURCES,$(UI))
	@echo "Building $(UI)"
	@cd $(UI) && npm run --silent build >/dev/null
	@touch $@
