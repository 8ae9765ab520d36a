# Everything below needs only Python >= 3.11 (with venv) and make.

PYTHON ?= python3
PYTHON_VERSION ?= 3.13
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
DEMO ?= demo
COUNTRIES ?= tests/data/regions/countries_50m.geojson.xz
STATES ?= tests/data/regions/states_50m.geojson.xz
PYTEST_ARGS ?=
MINUTES ?= 5
JOBS ?= 1
KILLS ?= 100
CRASHES ?= 100

.PHONY: demo test test-slow torch test-lowest test-newest test-python browser check site audit bench \
	fuzz kills power-loss docs regions constraints clean

demo: $(VENV)/installed  ## Make a small synthetic SEN12MS and its catalog, and ask it a question.
	$(BIN)/sen12ms demo $(DEMO)

test: $(VENV)/installed-test  ## Run the tests, with the versions of constraints.txt.
	$(BIN)/python -m pytest -n auto -m "not (bench or browser or slow)" $(PYTEST_ARGS)

test-slow: $(VENV)/installed-test $(UV)  ## Run the slow tests: in a browser, of the pages of the docs, of environments.
	$(BIN)/python -m pytest -n auto -m "not bench and (browser or slow)" $(PYTEST_ARGS)

torch: $(VENV)/installed-torch  ## Install PyTorch: `make test` then runs the tests of training, too.

# In an environment of its own: its folder, the interpreter, the resolution.
define test_with
	$(UV) venv --quiet --clear --seed --python $(2) $(1)
	$(UV) pip install --quiet --python $(1) --resolution $(3) --editable '.[test]'
	$(1)/bin/python -m pytest -n auto $(PYTEST_ARGS)
endef

test-lowest: $(UV)  ## Run the tests with the lowest versions that pyproject.toml allows.
	$(call test_with,.venv-lowest,$(BIN)/python,lowest-direct)

test-newest: $(UV)  ## Run the tests with the newest versions.
	$(call test_with,.venv-newest,$(BIN)/python,highest)

test-python: $(UV)  ## Run the tests with another Python: PYTHON_VERSION=3.13, or its path.
	$(call test_with,.venv-python,$(PYTHON_VERSION),highest)

browser: $(VENV)/installed-test  ## Build STAC Browser into a cache folder, once; needs Node.js >= 18.
	$(BIN)/sen12ms serve --build-browser

check: $(VENV)/installed-check $(UV)  ## Run linters, type checks and the layer contracts.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint --disable-progress-bar sql
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet .github
	$(UV) tool run --quiet cffconvert --validate

site: $(VENV)/installed-docs  ## Build the documentation as a website, in site/; warnings are errors.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

audit: $(VENV)/installed-test $(UV)  ## Look for known vulnerabilities; asks a service on the network.
	$(UV) pip freeze --quiet --python $(BIN)/python --exclude-editable > $(VENV)/installed.txt
	$(UV) tool run --quiet pip-audit --disable-pip --no-deps --requirement $(VENV)/installed.txt

bench: $(VENV)/installed-torch  ## Measure, write docs/performance.md, and fail where a bar is missed.
	$(BIN)/python -m pytest tests/benchmarks -m bench --update-golden

# Scripts beside the tests, which import each other. They add their figures to docs/reliability.md;
# with FRESH=1 they forget those that are there.
FORGET := $(if $(FRESH),--fresh)
RELIABILITY := PYTHONPATH=tests/helpers:tests/benchmarks:tests/reliability:tests/fuzz $(BIN)/python

fuzz: $(VENV)/installed-test  ## Look for inputs that are answered wrong: MINUTES=5 ONLY=headers SEED=1 JOBS=2.
	$(RELIABILITY) tests/fuzz/run.py --minutes $(MINUTES) $(if $(ONLY),--only $(ONLY)) \
		$(if $(SEED),--seed $(SEED)) $(if $(CASE),--case $(CASE)) --jobs $(JOBS) $(FORGET)

kills: $(VENV)/installed-test  ## Kill runs of index at random moments: KILLS=100 SEED=1.
	$(RELIABILITY) tests/reliability/kills.py --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(FORGET)

power-loss: $(VENV)/installed-test  ## Lose what runs of index did not sync: CRASHES=100 SEED=1.
	$(RELIABILITY) tests/reliability/power_loss.py --crashes $(CRASHES) $(if $(SEED),--seed $(SEED)) $(FORGET)

docs: $(VENV)/installed-test  ## Write the generated parts of the documentation anew.
	$(BIN)/python -m pytest tests/test_docs.py --update-golden

regions: $(VENV)/installed  ## Build the regions, and the map page's, anew from Natural Earth's GeoJSON.
	$(BIN)/python -m catalog.regions.build_regions $(COUNTRIES) $(STATES)
	$(BIN)/python -m catalog.viewer.boundaries

constraints: $(UV)  ## Write constraints.txt anew: the newest versions, for every Python.
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --extra test --extra check --extra docs \
		--no-header --no-annotate --no-emit-package sen12ms-catalog pyproject.toml \
		--output-file constraints.txt

clean:  ## Remove the environments and the demo.
	rm -rf site $(VENV) .venv-lowest .venv-newest .venv-python $(DEMO)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(UV): | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[test]'
	touch $@ $(VENV)/installed

$(VENV)/installed-torch: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[test-torch]'
	touch $@ $(VENV)/installed-test $(VENV)/installed

$(VENV)/installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[docs]'
	touch $@ $(VENV)/installed

$(VENV)/installed-check: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[test,check]'
	touch $@ $(VENV)/installed-test $(VENV)/installed
