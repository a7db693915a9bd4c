# Needs Python >= 3.11 with venv, make and git; everything else goes into .venv. All paths are relative, so a checkout
# may stand in a folder with any name; programs run as `python -m`, so no script's first line holds a path.

PYTHON ?=
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
.PHONY: help test test-all faults lint coverage demo clean
.SUFFIXES:

help:
	@echo "make test      the everyday tests, in less than a minute"
	@echo "make test-all  every test, the slow ones and those in a browser too"
	@echo "make faults    only those that kill runs and disturb services, by the hundred"
	@echo "make lint      ruff and mypy"
	@echo "make coverage  every test but make faults, measured; fails below what each part promises"
	@echo "make demo      validate, plan and apply against an embedded scheduler"
	@echo "make clean     removes what the others made, .venv too"
	@echo "PYTHON=...     the Python that .venv is made with (3.11 or newer)"

# --clear: what is there may be of another Python, or of a checkout that has been moved since.
.venv/made:
	@set -e; for python in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
	    test -n "$$python" || continue; \
	    "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    "$$python" -m venv --clear .venv; \
	    touch $@; \
	    exit 0; \
	done; \
	echo "no Python >= 3.11 with venv is here: install one, or name one with make PYTHON=..." >&2; exit 1

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

test-all: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs

lint: .venv/complete
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy

faults: .venv/complete
	@$(VENV_PYTHON) -m pytest -q -n auto -rs -m faults

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
	find reconcile tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
