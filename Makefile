# Everything a person runs here. Needs a POSIX shell, GNU make 3.81 or newer and Python 3.11 or newer; Node.js and
# browsers are fetched where the machine has none.

VENV = .venv
BIN = $(VENV)/bin
PORT = 8000
KILLS = 1000
# Test files run so many at a time, in the order of their folders: slow ones, of few tests, would be left for the end.
TESTERS = 3
MUTATIONS = tests/property/test_mutations.py
FUZZ = $(BIN)/pytest --hypothesis-profile=fuzz --timeout=0 --numprocesses=auto
WEB = server/web
PAGES = $(WEB)/dist/index.html
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Steps that leave a folder behind leave a file in it, so that a second run has nothing to do.
RUNTIME = $(VENV)/.installed
DEV = $(VENV)/.installed-dev
MODULES = $(WEB)/node_modules/.installed
WEB_SOURCES = $(shell find $(WEB) -name node_modules -prune -o -name dist -prune -o -type f -print 2>/dev/null)

# npm in the web part: the shell finds Node.js when it is needed, not when this file is read.
NPM = node=$$(scripts/node.sh $(VENV)) && cd $(WEB) && PATH="$$node:$$PATH" npm
# The browser tests are told where their browser is.
CHROMIUM_FOUND = DATAPREP_CHROMIUM=$$(scripts/chromium.sh $(VENV)) && export DATAPREP_CHROMIUM

# Tests start some thousand processes. Where byte code is not kept, each of them compiles all of ours again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help demo test python web bench fuzz torture format wire wheel constraints

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

demo: $(RUNTIME) $(PAGES) ## draw 240 faces, build and check a store, serve it: PORT=8000
	@mkdir -p demo
	@$(BIN)/dataprep sample demo/sample
	@$(BIN)/dataprep build manifests/sample.yaml --store demo/sample.db
	@$(BIN)/dataprep verify demo/sample.db
	@# Ctrl-C reaches the server and this shell: it ends the server, and is no error.
	@trap : INT; $(BIN)/dataprep serve demo/sample.db --port $(PORT) || [ $$? -eq 130 ]

test: ## run every check and every test, with real browsers: CHROMIUM=PATH
	@# Each of the two sets itself up, most of the time on one processor.
	@$(MAKE) --no-print-directory --jobs=2 python web
	@scripts/engines.sh
	$(CHROMIUM_FOUND) && $(BIN)/pytest --numprocesses=$(TESTERS) --dist=loadfile --no-loadscope-reorder

python: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

web: $(PAGES)
	$(NPM) run lint
	$(NPM) run types
	$(NPM) test

bench: $(DEV) ## measure: prints ratios, the machine and the versions: ONLY="resize build", BENCH_FULL=1
	@scripts/peers.sh .venv-peers || echo "The tools to compare with can't be installed; ours is measured alone." >&2
	@$(BIN)/python -m tests.bench $(ONLY)

fuzz: $(DEV) ## run the property tests at length, on all processors: some 40 minutes on two
	@echo "Damaged copies of valid files: 4,000 of each format. Below, what became of them."
	$(FUZZ) $(MUTATIONS) --hypothesis-show-statistics
	@echo "All other properties: 2,500 examples each; fewer of those that take long (tests/effort.py)."
	$(FUZZ) --durations=10 tests/property tests/unit/test_transforms.py tests/unit/test_shrink.py --ignore=$(MUTATIONS)

torture: $(DEV) ## kill builds 1,000 times, at random moments: KILLS=1000
	@# Most of the time a build waits to be killed, so four are at it.
	@for part in 1 2 3 4; do \
	    DATAPREP_KILLS=$$(($(KILLS) / 4)) DATAPREP_SEED=$$$$-$$part \
	        $(BIN)/pytest tests/e2e/test_resume.py -k killed_at_any_moment --timeout=0 -s & \
	    parts="$$parts $$!"; \
	done; \
	for part in $$parts; do wait $$part || failed=yes; done; [ -z "$$failed" ]

format: $(DEV) $(MODULES) ## format, and fix what can be fixed
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(NPM) run format

wire: $(DEV) ## write the client's types of the wire anew, from the OpenAPI document
	@types=$$($(BIN)/python scripts/wire_types.py) && printf '%s\n' "$$types" >$(WEB)/src/client/wire.ts

wheel: $(DEV) $(PAGES) ## build the wheel and the sdist, pages included, in dist/
	$(BIN)/python -m build

constraints: ## write constraints.txt anew, from the newest versions that pyproject.toml allows
	scripts/constraints.sh

$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -c constraints.txt -e .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@ $(RUNTIME)

$(BIN)/python:
	@python=$$(scripts/python.sh) && echo "$$python -m venv $(VENV)" && "$$python" -m venv $(VENV)

$(MODULES): $(WEB)/package.json $(WEB)/package-lock.json | $(BIN)/python
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(PAGES): $(WEB_SOURCES) $(MODULES)
	$(NPM) run build
	@touch $@
