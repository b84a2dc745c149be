# Two commands for newcomers: `make quickstart` and `make test`. Both use a private virtual environment, made once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install quickstart test lint types imports check-format pytest docs

help:
	@echo "make quickstart   install, fetch the small model, run the whole curriculum (20 minutes on two cores)"
	@echo "make test         install, lint, check types and imports, run the test suite"
	@echo "make docs         build the documentation site: site/index.html"
	@echo "make install      only make the virtual environment in $(VENV)"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[quickstart,dev]"
	@touch $(INSTALLED)

quickstart: install
	$(BIN)/gameable run quickstart

test: check-format lint types imports pytest

check-format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

pytest: install
	$(BIN)/pytest -n 2 --dist loadfile

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
