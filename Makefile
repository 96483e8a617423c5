# Everything runs in .venv, set up once from constraints.txt; remove the folder to set up again.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup demo test test-all docs check bench faults fuzz fuzz-guided audit clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/harness run --policy nao --oracle tabular

test: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal -m "not slow"

test-all: $(STAMP)
	$(BIN)/pytest -n auto --dist worksteal

docs: $(STAMP)
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs build/docs

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs build/docs
	$(MAKE) test-all

bench: $(STAMP)
	$(BIN)/python -m benchmarks.spaces
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python -m benchmarks.policies
	$(BIN)/python -m benchmarks.verdicts
	$(BIN)/python -m benchmarks.standalone
	$(BIN)/python -m benchmarks.supernet
	$(BIN)/python -m benchmarks.recurrence

faults: $(STAMP)
	$(BIN)/python -m benchmarks.faults

fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzzing

READER ?= table
fuzz-guided: $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python -m tests.fuzzing.coverage_guided $(READER)

audit: $(STAMP)
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit pip-licenses
	build/audit/bin/pip-licenses --python=$(BIN)/python --from=mixed --order=license
	build/audit/bin/pip-audit --skip-editable --path $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

clean:
	rm -rf .venv build dist *.egg-info
