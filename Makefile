.DEFAULT_GOAL := help
VENV := .venv
PY := $(VENV)/bin/python
DONE := $(VENV)/.installed
DONO := $(VENV)/bin/dono
BENCHMARKS := \
	forecast_exam \
	eliminate_bases \
	train_speed \
	loss_per_compute \
	rate_transfer \
	published_runs \
	tokenizers \
	languages \
	privacy \
	duplicates \
	corpus_speed \
	corpus_memory \
	raters \
	raters_load \
	align \
	regional_lift \
	tables \
	synthesis \
	cluster \
	serve_load
export TOKENIZERS_PARALLELISM ?= true
export HF_HUB_OFFLINE ?= 1

.PHONY: help demo test check bench recipe exam clean

help: ## show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(DONE): pyproject.toml constraints.txt
	test -x $(PY) || python3 -m venv $(VENV)
	$(PY) -m pip install --quiet -c constraints.txt torch numpy  # torch first: else others may pull a CUDA build
	$(PY) -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

demo: $(DONE) ## the main job on the bundled sample: pilots, verdict, report
	$(DONO) init --sample recipes/demo/data
	$(DONO) pretrain recipes/demo/foundation.yaml --tokens 300e3 --out recipes/demo/data/foundation
	$(DONO) prepare recipes/demo/dono.yaml
	$(DONO) decide recipes/demo/dono.yaml

test: $(DONE) check ## all checks and tests that this machine allows
	$(PY) -m pytest -q -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

check: $(DONE) ## style, types, the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check . 
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(DONE) ## every benchmark that takes minutes; each ends in a RESULT line
	for name in $(BENCHMARKS); do $(PY) -m benchmarks.$$name || exit 1; done

exam: $(DONE) ## the verdict held to the truth on real text: what is not kept yet is run (an hour or two), then decided again
	$(PY) -m benchmarks.decision_truth

recipe: $(DONE) ## run one recipe on real text: make recipe NAME=hinglish (or tamil, six)
	test -d recipes/english/model || $(DONO) pretrain recipes/english/foundation.yaml --tokens 1e6 --out recipes/english/model
	$(DONO) decide recipes/$(NAME)/dono.yaml

clean: ## remove what was made (not the environment)
	rm -rf work recipes/*/work* recipes/*/data recipes/*/model .mypy_cache .ruff_cache
