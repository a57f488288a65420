PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/*)
INSTALLED := $(VENV)/.installed
DLBENCH := $(BIN)/dlbench

.PHONY: demo test check format install clean

demo: $(INSTALLED)
	$(DLBENCH) compare --activation relu,tanh,sigmoid

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow"

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not slow"

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(INSTALLED)

# The stamp is newer than everything that decides what is installed; so a second call does nothing.
$(INSTALLED): pyproject.toml constraints.txt $(PLUGINS:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable ".[dev]" $(PLUGINS:%=--editable ./%)
	touch $@

clean:
	rm -rf $(VENV) build dist
