# Two commands matter: `make demo` and `make test`. Both set everything up themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What was compiled once is kept: a command of a story then starts in two thirds of the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test unit soak mutants check bench lock setup clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml kobling_simulators/pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./kobling_simulators
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/kobling demo $(if $(ONCE),--once,)

# The quick part: what is pure, the store, the engine over memory. No simulator, no PostgreSQL, no seeded play.
UNIT := $(addprefix tests/,unit planner sdk store engine access files)

unit: $(STAMP)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(UNIT) --ignore tests/planner/test_mutants.py --ignore tests/unit/test_told.py $(ARGS)

test: $(STAMP)
	@$(BIN)/python tools/prepare_tests.py
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# What takes too long for every day: a hundred power cuts.
soak: $(STAMP)
	@$(BIN)/python tools/prepare_tests.py
	@KOBLING_POWER_CUTS=$(or $(CUTS),100) $(BIN)/python -m pytest -n auto --dist load tests/story/test_power_cut.py $(ARGS)
	@KOBLING_SEEDS=$(or $(SEEDS),10000) $(BIN)/python -m pytest -n auto --dist load tests/simulation $(ARGS)

# Wrong lines put into the core one at a time: NUMBER of them, the same for the same SEED.
mutants: $(STAMP)
	@$(BIN)/python -m tools.mutants --number $(or $(NUMBER),200) --seed $(or $(SEED),1) $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/interrogate -q kobling kobling_simulators
	@$(BIN)/deptry . -o /dev/null
	@$(BIN)/python tools/checks.py

bench: $(STAMP)
	@$(BIN)/python -m bench $(ARGS)

# Each page, wide and narrow, in both themes, for eyes.
.PHONY: pictures
pictures: $(STAMP)
	@$(BIN)/python tools/prepare_tests.py
	@$(BIN)/python -m tools.pictures $(or $(FOLDER),pictures)

lock:
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV)

.PHONY: docs
docs: $(STAMP)
	@$(BIN)/python tools/fidelity.py
	@$(BIN)/python tools/commands.py
	@$(BIN)/python tools/issues.py
	@$(BIN)/python tools/translations.py update
	@$(BIN)/python tools/translations.py compile
