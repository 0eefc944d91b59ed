# Every target sets up what it needs; on a fresh machine Python 3.11 to 3.13 and make are enough.
# ARGS goes to the tool that a target runs:  make test ARGS="-k digest"

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types imports matrix bench check lock clean

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
ifdef PYTHON
export PYTHON
endif

python := .venv/bin/python

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 \2/p' Makefile | awk '{ printf "  %s %-8s", $$1, $$2; $$1 = $$2 = ""; print }'

setup: ## create or renew .venv from requirements.lock
	@scripts/setup

demo: setup ## run the main job on real input
	@$(python) demo/run.py $(ARGS)

test: setup ## run the tests that need no server (under four minutes)
	@$(python) -m pytest -n logical --dist loadfile -m "not slow and not server" $(ARGS)

lint: setup ## check style and formatting
	@$(python) -m ruff check . $(ARGS)
	@$(python) -m ruff format --check .

types: setup ## check the types, strictly
	@$(python) -m mypy $(ARGS)

imports: setup ## check that imports go down the floors and through the doors
	@.venv/bin/lint-imports $(ARGS)

matrix: setup ## test every supported Great Expectations with pandas 2 and 3 (ARGS="--tags edges" for four of them)
	@$(python) -m nox $(ARGS)

bench: setup ## measure against DuckDB, Polars, pandas, side by side
	@$(python) -m benchmarks.run $(ARGS)

check: ## do all that CI does, slow tests included
	@.ci/run

lock: setup ## renew requirements.lock (ARGS=--upgrade for the newest versions)
	@scripts/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock $(ARGS)

clean: ## remove what make made: .venv, caches, the demo's files
	@rm -rf .venv .nox .demo benchmarks/.cache build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	@find src expectations flows tests benchmarks demo -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
