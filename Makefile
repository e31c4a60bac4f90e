# Everything a newcomer needs: `make demo` and `make test` set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin

# Torch in a release that comes as a CPU build here; elsewhere take one as the README says, and name it: make test-align TORCH=...
TORCH ?= torch==2.13.0

.PHONY: demo test test-align lint format benchmark slow kernel docs stored clean

# With its picture: .venv/bin/boundcalc demo --figure demo.png
demo: .venv/demo.stamp
	$(BIN)/boundcalc demo

# Compiled files are kept, whatever the environment says: without them every worker and every command compiles everything anew.
test test-align slow benchmark: export PYTHONDONTWRITEBYTECODE =

test: lint
	$(BIN)/python -m pytest

test-align: .venv/align.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/aligner boundcalc/aligner tests/test_frozen.py "tests/test_notebooks.py::test_notebooks_run[06_align]"

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd tests/typing && ../../$(BIN)/mypy --strict --config-file= --explicit-package-bases usage.py

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What it prints is a page of the docs.
benchmark: .venv/test.stamp
	$(BIN)/python -m pytest -o addopts=--import-mode=importlib tests/benchmarks -s > docs/figures.txt; \
		status=$$?; cat docs/figures.txt; exit $$status

slow: .venv/test.stamp
	$(BIN)/python -m pytest -m slow

# Asks Coq's kernel; what it accepted before, by content, is kept in $BOUNDCALC_CACHE or the user's cache folder.
kernel: .venv/test.stamp
	@command -v coqc >/dev/null || \
		{ echo "Coq is missing; on Debian and Ubuntu: sudo apt-get install coq libcoq-interval libcoq-coquelicot"; exit 1; }
	$(BIN)/python -m boundcalc.kernel

# Writes what the catalogue's entries say to boundcalc/catalogue/stored; needed after a change of the catalogue.
stored: .venv/test.stamp
	$(BIN)/python -m boundcalc.catalogue.sheets

# Into docs/build/html. Checks the catalogue first, unless $BOUNDCALC_VERDICTS names what `boundcalc check --all --json` printed.
docs: .venv/docs.stamp
	cd docs && ../$(BIN)/python -m sphinx -W --keep-going -q -b html . build/html
	@echo "written: docs/build/html/index.html"

.venv/demo.stamp: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,data,plot,cli,rigor,prove]'
	@touch $@

.venv/test.stamp: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,test]'
	@touch $@

.venv/docs.stamp: .venv/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,docs,test]'
	@touch $@

.venv/align.stamp: .venv/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,align,test]'
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "boundcalc needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv build dist docs/build docs/made .pytest_cache .mypy_cache .ruff_cache
