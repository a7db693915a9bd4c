# Needs Python >= 3.11 with venv, make and git; everything else goes into .venv. All paths are relative, so a checkout
# may stand in a folder with any name; programs run as `python -m`, so no script's first line holds a path.

PYTHON ?=
SEED ?=
FILES ?=
VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip --quiet --disable-pip-version-check --no-input install --constraint .ci/constraints.txt
PINS := pyproject.toml .ci/constraints.txt
# An editable install names the checkout by its absolute path, which Python 3.11 cannot read back in a C locale if the
# path has other letters than ASCII; from site-packages it is always this far.
RELATIVE = for link in .venv/lib/python3*/site-packages/*_reconcile.pth; do echo ../../../.. >"$$link"; done
# A run starts the program many times: none must compile all of it anew, whatever the environment says.
export PYTHONDONTWRITEBYTECODE =
EVERYDAY := not slow and not browser

.DEFAULT_GOAL := help
.PHONY: help test check test-all examples faults lint docs coverage demo clean .FORCE
.SUFFIXES:

help:
	@echo "make test      the everyday tests, the same each time, in about a minute"
	@echo "make check     the tests that a change needs first: make check FILES='reconcile/engine/guard.py docs/cron.md'"
	@echo "make test-all  every test, the slow ones and those in a browser too"
	@echo "make examples  the laws alone, on many examples drawn anew; SEED=N draws the same again"
	@echo "make faults    only those that kill runs and disturb services, by the hundred"
	@echo "make lint      ruff and mypy"
	@echo "make docs      draws anew what is read from the code: schemas, tables of the docs, golden reports"
	@echo "make coverage  every test but make faults, measured; fails below what each part promises"
	@echo "make demo      validate, plan and apply against an embedded scheduler"
	@echo "make clean     removes what the others made, .venv too"
	@echo "PYTHON=...     the Python that .venv is made with (3.11 or newer); no other is taken in its place"

# Looked at each time, as PYTHON may name another one than the last time.
.venv/made: .FORCE
	@.ci/venv "$(PYTHON)"

.FORCE:

# What users get: enough for the demo.
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
	@$(VENV_PYTHON) -m pytest -q -n auto -m "$(EVERYDAY)"

check: .venv/complete
	@tests=$$($(VENV_PYTHON) -m tests.affected $(FILES)) && $(VENV_PYTHON) -m pytest -q -n auto -m "$(EVERYDAY)" $$tests

test-all: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs

# A test has more time here: what is one example in a moment is hundreds.
examples: .venv/complete
	@seed="$(SEED)"; seed="$${seed:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"; \
	again="the same examples again: make examples SEED=$$seed (one test: pytest --hypothesis-profile=drawn --hypothesis-seed=$$seed)"; \
	echo "$$again"; \
	$(VENV_PYTHON) -m pytest -q -n auto -m "hypothesis and not faults" --hypothesis-profile=drawn --hypothesis-seed="$$seed" \
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

coverage: .venv/complete
	@$(VENV_PYTHON) -m coverage erase
	@$(VENV_PYTHON) -m pytest -q -n auto -rs -m "not faults" --cov --cov-report=
	@if ls .coverage.* >/dev/null 2>&1; then $(VENV_PYTHON) -m coverage combine --quiet --append; fi
	@mkdir -p artefacts
	@$(VENV_PYTHON) -m coverage json --quiet -o artefacts/coverage.json
	@$(VENV_PYTHON) .ci/coverage.py artefacts/coverage.json

demo: .venv/installed
	@$(VENV_PYTHON) -m reconcile demo

clean:
	rm -rf .venv build dist artefacts .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find reconcile tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
