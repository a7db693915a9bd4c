# Needs Python >= 3.11 with venv, make and git; everything else is installed into .venv. All paths are relative, and
# programs run as `python -m`, so the folder of the checkout may have any name.

PYTHON ?=
SEED ?=
FILES ?=
VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip --quiet --disable-pip-version-check --no-input install --constraint .ci/constraints.txt
PINS := pyproject.toml .ci/constraints.txt
# An editable install holds the absolute path of the checkout. In a C locale, Python 3.11 cannot read a path that is not
# ASCII. So the path is made relative to site-packages.
RELATIVE = for link in .venv/lib/python3*/site-packages/*_reconcile.pth; do echo ../../../.. >"$$link"; done
# The tests start the program many times: it must use compiled files, even if the environment forbids to write them.
export PYTHONDONTWRITEBYTECODE =
EVERYDAY := not slow and not browser
# Folders of tests that a run leaves out: make test WITHOUT=tests/house.
WITHOUT ?=
# How often a law is tried: make test EXAMPLES=few.
EXAMPLES ?= everyday
# What a run of the tests adds when it is measured: make test COVERAGE=yes.
COVERAGE ?=
MEASURED := --cov --cov-append --cov-report=

.DEFAULT_GOAL := help
.PHONY: help test check test-all examples slow faults lint docs coverage coverage-report demo clean .FORCE
.SUFFIXES:

help:
	@echo "make test      the everyday tests, always with the same examples, in about four minutes"
	@echo "make check     the tests for some changed files: make check FILES='reconcile/engine/guard.py docs/cron.md'"
	@echo "make test-all  every test, also the slow ones and those in a browser"
	@echo "make examples  only the laws, with many new random examples; SEED=N repeats them"
	@echo "make faults    only the tests that kill runs and disturb services many hundred times"
	@echo "make lint      ruff and mypy"
	@echo "make docs      generates what is read from the code: schemas, tables of the docs, golden reports"
	@echo "make slow      the tests that take seconds each, and those in a browser"
	@echo "make coverage  measures the everyday tests; fails below the coverage that each part promises"
	@echo "make coverage-report  the second half of it, after make test COVERAGE=yes"
	@echo "make demo      validate, plan and apply against an embedded scheduler"
	@echo "make clean     removes everything that the others made, also .venv"
	@echo "PYTHON=...     the Python for .venv (3.11 or newer); without it, the first one that fits"

# Checked each time, because PYTHON may differ from the last time.
.venv/made: .FORCE
	@.ci/venv "$(PYTHON)"

.FORCE:

# The program as users install it: enough for the demo.
.venv/installed: .venv/made $(PINS)
	@$(PIP) --editable .
	@$(RELATIVE)
	@touch $@

# What the tests need.
.venv/complete: .venv/made $(PINS)
	@$(PIP) --editable '.[dev,postgres]'
	@$(RELATIVE)
	@touch .venv/installed $@

test: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -m "$(EVERYDAY)" --hypothesis-profile=$(EXAMPLES) $(addprefix --ignore=,$(WITHOUT)) $(if $(COVERAGE),$(MEASURED))

check: .venv/complete
	@tests=$$($(VENV_PYTHON) -m tests.affected $(FILES)) && $(VENV_PYTHON) -m pytest -q -n auto -m "$(EVERYDAY)" $$tests

test-all: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs

# A test has more time here, because it runs hundreds of examples.
examples: .venv/complete
	@seed="$(SEED)"; seed="$${seed:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"; \
	again="the same examples again: make examples SEED=$$seed (one test: pytest --hypothesis-profile=drawn --hypothesis-seed=$$seed)"; \
	echo "$$again"; \
	$(VENV_PYTHON) -m pytest -q -n auto -m "hypothesis and not faults and not slow" --hypothesis-profile=drawn --hypothesis-seed="$$seed" \
	    --timeout=900 || { echo "$$again"; exit 1; }

lint: .venv/complete
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy

faults: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs -m faults

# The tables of the docs read the schemas.
docs: .venv/complete
	@$(VENV_PYTHON) -m tools.schemas
	@$(VENV_PYTHON) -m tests.docs.tables
	@$(VENV_PYTHON) -m tests.report.golden

slow: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs -m "(slow or browser) and not faults"

coverage: .venv/complete
	@$(VENV_PYTHON) -m coverage erase
	@$(MAKE) --no-print-directory test COVERAGE=yes
	@$(MAKE) --no-print-directory coverage-report

# After make test COVERAGE=yes.
coverage-report: .venv/complete
	@if ls .coverage.* >/dev/null 2>&1; then $(VENV_PYTHON) -m coverage combine --quiet --append; fi
	@mkdir -p artefacts
	@$(VENV_PYTHON) -m coverage json --quiet -o artefacts/coverage.json
	@$(VENV_PYTHON) .ci/coverage.py artefacts/coverage.json

demo: .venv/installed
	@$(VENV_PYTHON) -m reconcile demo

clean:
	rm -rf .venv build dist artefacts .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find reconcile tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
