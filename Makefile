# `make demo` and `make test` work on a fresh machine; both build and use .venv/ in the checkout.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: demo test lint table blindtest decode clean

demo: .venv/installed
	$(BIN)/onevision ask examples/daisies.png "Which number do you have to write in the last daisy?"

test: .venv/installed-dev
	OMP_NUM_THREADS=2 $(BIN)/python -m pytest

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

# The README's tables, measured anew.
table: .venv/installed
	$(BIN)/onevision bench tasks --model nano --limit 200 --out runs/table

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf .venv
