PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What only clusters need: installed for the tests, not for a demonstration.
CLUSTER_PLUGINS := plugins/dlbench-ray plugins/dlbench-slurm
CLUSTER_PLUGINS := $(wildcard $(CLUSTER_PLUGINS))
PLUGINS := $(filter-out $(CLUSTER_PLUGINS),$(wildcard plugins/*))
USABLE := $(VENV)/.usable
INSTALLED := $(VENV)/.installed
CLUSTERS := $(VENV)/.installed-clusters
NOTEBOOK := $(VENV)/.installed-notebook
# What examines the accessibility of pages, in a browser: only the tests need it, and skip what does without npm.
AXE := $(VENV)/node/node_modules/axe-core/axe.min.js
DLBENCH := $(BIN)/dlbench
BENCH := benchmarks/.venv
# As many processes as the smallest machine that the tests should be fast on has cores.
PROCESSES ?= 2
PARALLEL := --numprocesses $(PROCESSES) --dist worksteal
FAST := $(PARALLEL) --timeout 120 -m "not slow"

.PHONY: demo test check slow lowest format docs install site slurm bench reproduce clean

demo: $(USABLE)
	$(DLBENCH) compare --activation relu,tanh,sigmoid

test: $(CLUSTERS)
	$(BIN)/python -m pytest $(FAST)

check: $(CLUSTERS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(FAST)

slow: $(CLUSTERS) $(NOTEBOOK) $(AXE)
	$(BIN)/python -m pytest $(PARALLEL) -m slow

# The tests with the oldest versions that pyproject.toml allows; warnings of those versions are not errors.
LOWEST := build/lowest
lowest:
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
		print(*project['dependencies'], *project['optional-dependencies']['parquet'], sep='\n')" \
		| sed 's/>=/==/' > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(LOWEST)/constraints.txt \
		--editable ".[dev]" $(PLUGINS:%=--editable ./%) $(CLUSTER_PLUGINS:%=--editable ./%)
	$(LOWEST)/bin/python -m pytest $(FAST) -o filterwarnings=default

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site is built in build/site; warnings are errors. The variable silences the theme's notice about its successor.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(VENV)/.installed-docs: $(CLUSTERS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	touch $@

# What executes the example notebook.
$(NOTEBOOK): $(CLUSTERS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable ".[notebook]"
	touch $@

install: $(INSTALLED)

# A stamp is newer than every file that determines what is installed, so a second call does nothing.
$(USABLE): pyproject.toml constraints.txt $(PLUGINS:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable . $(PLUGINS:%=--editable ./%)
	touch $@

# What developers need besides.
$(INSTALLED): $(USABLE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

$(CLUSTERS): $(INSTALLED) $(CLUSTER_PLUGINS:%=%/pyproject.toml)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		$(CLUSTER_PLUGINS:%=--editable ./%)
	touch $@

$(AXE): | $(INSTALLED)
	-command -v npm > /dev/null && npm install --prefix $(VENV)/node --silent --no-audit --no-fund --ignore-scripts \
		--fetch-timeout=30000 --fetch-retries=1 axe-core@4.14.1

# A SLURM of two nodes on this machine, until Ctrl-C (apt-get install slurm-wlm munge).
slurm: $(CLUSTERS)
	$(BIN)/python plugins/dlbench-slurm/tests/slurm_cluster.py

# The other trainers are installed into an environment of their own, never into the project's.
bench: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/trainers/measure.py
	$(DLBENCH) bench --model cnn-settings/simple-cnn --dataset mnist --batch-size 64,256,1024

$(BENCH)/.installed: $(INSTALLED) benchmarks/requirements.txt
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--requirement benchmarks/requirements.txt --editable . $(PLUGINS:%=--editable ./%)
	touch $@

# The reports' experiments, in RESULTS; existing results are not computed again. RUNS: names of runs, by default all.
RESULTS ?= results
reproduce: $(INSTALLED)
	DLBENCH=$(DLBENCH) sh results/reproduce.sh $(RESULTS) $(RUNS)

# The reports' runs as pages: build/results/index.html.
site: $(INSTALLED)
	$(DLBENCH) report --all --results-dir $(RESULTS) --output build/results

clean:
	rm -rf $(VENV) $(BENCH) build dist
