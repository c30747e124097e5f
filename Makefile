# `make demo` and `make test` set everything up by themselves: Python 3.11+ and make are enough.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# What is started a hundred times is compiled once, also where Python leaves nothing behind otherwise, as in many containers.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/.ready

.PHONY: help ready demo test test-all slow test-container coverage lint floors format generate hooks wheel pictures lock bench bench-small clean

help:
	@echo "make demo      a small gallery goes online, changes, breaks and heals, on an S3 server on this machine"
	@echo "make test      the tests (about five minutes on two cores); T=\"tests/gallery -k times\" runs only those"
	@echo "make test-all  the same, then the long ones: every kill, real servers, mutations"
	@echo "make slow      only these; T=\"tests/reliability\" narrows them down"
	@echo "make test-container  builds the image and runs it as GitHub's runner does, also in act (needs Docker, or root on Debian)"
	@echo "make coverage  the tests, and which branches they take; fails below 95 %"
	@echo "make lint      style, types, floors of the house, action.yml, Dockerfile, workflows"
	@echo "make hooks     looks at each commit before it is made (pre-commit)"
	@echo "make generate  write anew what follows from the code: action.yml, docs/reference.md, the config's schema, the drawings"
	@echo "make pictures  the pictures of the README anew, from real runs (needs Chromium)"
	@echo "make bench     ours beside s5cmd, aws s3 sync and rclone: the table of docs/performance.md; BENCH=\"--help\" lists what can be chosen"
	@echo "make bench-small  whether a deploy has become dear: a ratio, a minute, nothing to install; CI asks, too"
	@echo "make lock      pin the dependencies anew, with hashes"

# Anew whenever the pins change; the stamp is written last, so a broken installation is never taken for a good one.
$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Try: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@test ! -L $(VENV) || { echo "$(VENV) is a link to an environment that others may use; it is not made anew from here. Remove the link, or refresh what it points to."; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "No virtual environment could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the pinned dependencies (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

ready: $(READY)

demo: $(READY)
	@$(BIN)/python -m examples.demo

# Some tests wait for most of their time, so three workers keep two cores busy; a long test that comes last is shared out.
WORKERS := -n 3 --dist worksteal

# With T, whatever pytest takes: files, tests, options. Slow tests are run when they are named.
test: $(READY)
ifdef T
	$(BIN)/python -m pytest $(T)
else
	$(BIN)/python -m pytest $(WORKERS) -m "not slow"
endif

# Branches too, in the tests' own process only: what tests start as processes of their own is not seen. Tests of how time
# grows are left out, because being watched is slow.
coverage: $(READY)
	$(BIN)/python -m pytest $(WORKERS) -m "not slow" --cov --cov-report=term --cov-fail-under=95 --ignore-glob '*/test_growth.py' $(T)

test-all: test slow

slow: $(READY)
	$(BIN)/python -m pytest $(WORKERS) -m slow --durations 10 $(T)

test-container: $(READY)
	tests/runner/with-image $(BIN)/python -m pytest -m container tests/runner

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory floors
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml process/action.yml
	$(BIN)/check-jsonschema --check-metaschema schemas/*.json
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/hadolint Dockerfile Dockerfile.process
	$(BIN)/zizmor --offline --no-progress --strict-collection --config .github/zizmor.yml . examples/*.yml

# The import that leads upward is named, with the line it stands on.
floors: $(READY)
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache --no-logo

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY)
	@$(BIN)/python -m galleria_action.cli.generate
	@$(BIN)/python -m docs.draw
	@$(BIN)/python -m benchmarks.chart

hooks: $(READY)
	$(BIN)/pre-commit install

# From the pinned tools, not from whatever is newest today.
wheel: $(READY)
	$(BIN)/python -m hatchling build -d dist

pictures: $(READY)
	$(BIN)/python -m docs.pictures

# uv is asked for here only, so that nobody else needs it.
lock:
	for name in requirements requirements-studio requirements-dev; do \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
	    --no-emit-find-links --custom-compile-command "make lock" $$name.in -o $$name.txt || exit 1; \
	done

# The other programs go into a cache of their own; what cannot be installed is named and left out.
bench: $(READY)
	@$(BIN)/python -m benchmarks.deploys $(BENCH)

bench-small: $(READY)
	@$(BIN)/python -m benchmarks.small

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
