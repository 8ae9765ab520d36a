# Everything below needs only Python >= 3.11 (with venv) and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
COUNTRIES ?= tests/data/regions/countries_50m.geojson.xz
STATES ?= tests/data/regions/states_50m.geojson.xz

.PHONY: demo test browser check bench docs regions clean

demo: $(VENV)/installed  ## Make a small synthetic SEN12MS and its catalog, and ask it a question.
	$(BIN)/sen12ms demo $(DEMO)

test: $(VENV)/installed-test  ## Run the tests.
	$(BIN)/python -m pytest -n auto

browser: $(VENV)/installed-test  ## Build STAC Browser into a cache folder, once; needs Node.js >= 18.
	$(BIN)/sen12ms serve --build-browser

check: $(VENV)/installed-check  ## Run linters, type checks and the layer contracts.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint --disable-progress-bar sql

bench: $(VENV)/installed-test  ## Measure, and write docs/performance.md.
	$(BIN)/python -m pytest tests/benchmarks -m bench --update-golden

docs: $(VENV)/installed-test  ## Write the generated parts of the documentation anew.
	$(BIN)/python -m pytest tests/test_docs.py --update-golden

regions: $(VENV)/installed  ## Build the table of regions anew from Natural Earth's GeoJSON.
	$(BIN)/python -m catalog.regions.build_regions $(COUNTRIES) $(STATES)

clean:  ## Remove the environment and the demo.
	rm -rf $(VENV) $(DEMO)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ $(VENV)/installed

$(VENV)/installed-check: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test,check]'
	touch $@ $(VENV)/installed-test $(VENV)/installed
