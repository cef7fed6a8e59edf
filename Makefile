# `make demo` and `make test` work on a fresh machine; both build and use .venv/ in the checkout.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install -q -c constraints.txt

.PHONY: demo test lint snippet nano table data-card decode clean

demo: .venv/installed
	$(BIN)/onevision ask examples/daisies.png "Which number do you have to write in the last daisy?"

test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/mypy

# R1-Onevision's own inference snippet on nano, in a venv of its own with torchvision and qwen-vl-utils.
snippet: .venv-snippet/installed
	.venv-snippet/bin/python tests/snippet/run.py src/onevision/models/nano_weights examples/daisies.png

# nano from nothing, one stage after the other into runs/; stopped at any time, the same line goes on. Many hours on two cores:
# with STEPS=20% a fifth of every stage's.
STEPS ?= 100%
nano: .venv/installed-dev runs/nano-rows/chains.parquet
	$(BIN)/onevision train $(foreach stage,see sft-words sft sft-thaw sft-polish sft-lookup sft-sizes sft-large,recipes/nano-$(stage).yaml) max_steps=$(STEPS)
	$(BIN)/onevision train recipes/nano-grpo.yaml model_name_or_path=runs/nano-large max_steps=$(STEPS)

# The last file that the script writes.
runs/nano-rows/chains.parquet: .venv/installed-dev
	$(BIN)/python benchmarks/nano_rows.py runs/nano-rows

# The table of the README and of nano's card, measured anew: what nano was trained on, at the sizes it was trained on.
NANO := chain scene bar_chart clock table_lookup line_crossings two_circles circled_letter overlapping_shapes nested_squares grid_size metro_paths lone_shape
table: .venv/installed
	$(BIN)/onevision bench $(NANO) --model nano --limit 200 --levels 1 --size 112,168 --out runs/table
	for card in README.md src/onevision/models/nano_weights/README.md; do $(BIN)/onevision report runs/table --card $$card > /dev/null; done

# The card of what nano is taught, measured on 200 samples a task.
COMMA := ,
data-card: .venv/installed-dev
	$(BIN)/onevision tasks export $(subst $() $(),$(COMMA),$(NANO)) -n 2600 --out runs/nano-data.parquet
	$(BIN)/onevision export runs/nano-data.parquet --format hf --out runs/nano-data --name "The tasks that nano is taught"
	cp runs/nano-data/README.md docs/nano-data.md

decode: .venv/installed
	$(BIN)/python benchmarks/decode.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(PIP) -e '.[dev]'
	touch $@

.venv-snippet/installed: tests/snippet/requirements.txt constraints.txt
	$(PYTHON) -m venv .venv-snippet
	.venv-snippet/bin/pip install -q -c constraints.txt -r tests/snippet/requirements.txt
	.venv-snippet/bin/pip install -q --no-deps torchvision==0.28.0
	touch $@

clean:
	rm -rf .venv .venv-snippet
