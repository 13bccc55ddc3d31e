# Two commands matter: `make demo` opens the app on the embedded market, `make test` runs all tests.
PYTHON ?= python3
BIN := .venv/bin
# a plain path instead of an import hook: saves 14 ms at each start
EDITABLE := --config-settings editable_mode=compat

# a hundred thousand tampered documents: beside coverage, not under it
SLOW_UNDER_COVERAGE := tests/property/test_fuzz.py

.PHONY: demo test coverage mutants contract fuzz bench calibration campaign chaos sensitivity coldstart-check lint install dev screenshot clean

demo: install                ## the terminal app on the embedded market: no account, no key, no network
	@$(BIN)/hunter --sandbox

test: dev                    ## every test; FAST=1 leaves out figures over many seeded runs, COVERAGE=1 measures branches
ifdef COVERAGE
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n auto $(if $(FAST),-m "not slow") $(SLOW_UNDER_COVERAGE:%=--ignore=%)
	@$(BIN)/coverage combine -q
	@$(if $(FAST),true,$(BIN)/python -m pytest -n auto $(SLOW_UNDER_COVERAGE))
	@$(BIN)/python -m bench.rooms
else
	@$(BIN)/python -m pytest -n auto $(if $(FAST),-m "not slow")
endif

coverage:                    ## every test once, under coverage: a table by room; the pure rooms have to be whole
	@$(MAKE) --no-print-directory test COVERAGE=1

mutants: dev                 ## which changes to hunter/cost no test notices, e.g. PART=bill; goes on where it stopped
	@$(BIN)/python -m bench.mutants $(PART)

contract: .venv-contract/installed  ## other people's clients against the embedded market, in an environment of their own
	@.venv-contract/bin/python -m pytest tests/contract

fuzz: dev                    ## a million inputs over every parser at the edge; FUZZ="--inputs N --seed S --only PARSER"
	@$(BIN)/python -m bench.fuzz $(FUZZ)

bench: dev                   ## figures, as ratios against peers in the same run
	@$(BIN)/python -m bench

calibration: dev             ## the embedded market beside real machines: SNAPSHOT=a list of them (see bench/calibration.py)
	@$(BIN)/python -m bench.calibration $(or $(SNAPSHOT),vast_machines_snapshot.csv)

campaign: dev                ## what a finished run costs by each way of choosing: 500 runs each, 20 minutes
	@$(BIN)/python -m bench.campaign $(CAMPAIGN)

sensitivity: dev             ## which inputs move the ranking most, as in docs/sensitivity.md
	@$(BIN)/python -m bench.sensitivity

chaos: dev                   ## leases under everything that can go wrong: 5000 launches in virtual time, 20 minutes; CHAOS=--help
	@$(BIN)/python -m bench.chaos $(CHAOS)

coldstart-check: dev         ## the pull model against real pulls: root, 25 minutes; says what is missing
	@$(BIN)/python -m bench.pulls $(CHECK)

lint: dev                    ## ruff, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache > .import_linter_cache.txt || (cat .import_linter_cache.txt; exit 1)

screenshot: dev              ## the picture in the README, from the running app
	@$(BIN)/python docs/make_screenshot.py

install: .venv/installed     # what users need
dev: .venv/installed-dev     # what tests need besides

.venv/installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt $(EDITABLE) -e .
	@$(BIN)/python -m compileall -q hunter tui
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt $(EDITABLE) -e '.[dev]'
	@touch $@

# whole, these two clients pull in a hundred packages; what calls the vendors needs none of them
.venv-contract/installed: pyproject.toml constraints.txt
	@test -x .venv-contract/bin/python || $(PYTHON) -m venv .venv-contract
	@echo "installing into .venv-contract (once) …"
	@.venv-contract/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt $(EDITABLE) -e '.[contract]'
	@.venv-contract/bin/python -m pip install -q --disable-pip-version-check --no-deps skypilot==0.14.1 dstack==0.22.5
	@touch $@

clean:
	rm -rf .venv .venv-contract build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache*
