# `make test` and `make bench` work on a fresh machine that has Python 3.11 or newer, a C
# compiler and make. Everything they need goes into .venv.

PYTHON ?= python3
BIN = .venv/bin
SOURCES = setup.py pyproject.toml $(wildcard src/*/*)
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check
PIP = $(INSTALL) --quiet

# What the large groups take on disk, with all that they bring (Linux, CPython 3.11).
SIZE_bench = 0.2 GB
SIZE_peers = 1.0 GB
SIZE_torch = 0.9 GB, with CUDA several times that,
SIZE_examples = 0.4 GB
SIZE_foreign = 0.3 GB

.PHONY: test test-all fuzz mutants kernel-mutants reach digest old race leaks sanitize tsan stress examples bench bench-full peers small downstream readme torch docs lint typing dist clean

test: .venv/.fastadd .venv/.test
	$(BIN)/pytest -q

# Also beside the libraries whose arrays fastadd takes; without them their tests are
# skipped.
test-all: .venv/.fastadd .venv/.test .venv/.foreign .venv/.examples torch
	$(BIN)/pytest -q

# Random calls of every function against NumPy, for so many minutes.
MINUTES = 5
fuzz: .venv/.fastadd .venv/.test
	$(BIN)/python -W error tests/fuzz.py --minutes $(MINUTES)

# Which changes of the Python sources no test notices, of so many.
SAMPLE = 200
mutants: .venv/.fastadd .venv/.test
	$(BIN)/python tests/mutants.py --record --sample $(SAMPLE) --jobs 2

# Which changes of the kernels no test notices, of a table. On two busy CPUs 40 minutes.
JOBS = 1
kernel-mutants: .venv/.fastadd .venv/.test
	$(BIN)/python tests/kernel_mutants.py --jobs $(JOBS)

# Which functions of the kernels no test calls, by instruction set, as gcov counts them,
# in an environment of their own. (Where nothing is inlined, a coefficient of 1 is no
# literal, and is multiplied by.)
REACHED = build/reached
reach:
	$(PYTHON) -m venv $(REACHED)
	$(REACHED)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(REACHED)/bin/python -m pip install --quiet --group test
	rm -rf build/lib.* build/temp.*  # setuptools would take over what lies there,
	FASTADD_COVERAGE=1 $(REACHED)/bin/python -m pip install --quiet --no-deps \
		--force-reinstall --no-cache-dir .
	-$(REACHED)/bin/pytest -q --ignore tests/test_census.py \
		--deselect tests/test_values.py::test_flushed_alike_on_every_path
	$(REACHED)/bin/python tests/reach.py; reached=$$?; \
		rm -rf build/lib.* build/temp.*; exit $$reached  # and for other builds, this

# What is computed, to the bit, by each instruction set and by fastadd_old.
CALLS = 100000
digest: .venv/.fastadd .venv/.test
	$(BIN)/python tests/digest.py --calls $(CALLS)

# Another revision as fastadd_old, and a race of both in one process.
REV = HEAD
old: .venv/.fastadd .venv/.bench
	rm -rf build/old && mkdir -p build/old
	git archive $(REV) fastadd src setup.py pyproject.toml README.md LICENSE \
		| tar x -C build/old
	mv build/old/fastadd build/old/fastadd_old
	cd build/old && grep -rlE '\bfastadd\b' fastadd_old src setup.py pyproject.toml \
		| xargs sed -i -E 's/\bfastadd\b/fastadd_old/g'
	$(PIP) "setuptools>=77" build/old
race: .venv/.fastadd .venv/.bench
	$(BIN)/python bench/race.py

# Whether a million calls of each function leave anything behind: 10 minutes.
leaks: .venv/.fastadd .venv/.test
	$(BIN)/python tests/leaks.py

# The tests under AddressSanitizer and UndefinedBehaviorSanitizer (GCC on Linux), in an
# environment of their own. (ASan's allocator can hang after a fork among threads, and
# holds back what is freed. Its frames do not fit a stack of 32 KiB.)
SANITIZED = build/sanitized
sanitize:
	$(PYTHON) -m venv $(SANITIZED)
	$(SANITIZED)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(SANITIZED)/bin/python -m pip install --quiet --group test
	rm -rf build/lib.* build/temp.*  # setuptools would take over what lies there,
	FASTADD_SANITIZE=1 $(SANITIZED)/bin/python -m pip install --quiet --no-deps \
		--force-reinstall --no-cache-dir .
	rm -rf build/lib.* build/temp.*  # and for other builds, this
	LD_PRELOAD=$$(cc -print-file-name=libasan.so):$$(cc -print-file-name=libstdc++.so) \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		$(SANITIZED)/bin/pytest -q \
		--deselect tests/test_threads.py::test_fork_while_other_threads_compute \
		--deselect tests/test_kinds.py::test_small_stacks \
		--ignore tests/test_census.py \
		--deselect tests/test_cache.py::test_memory_is_bounded_and_returns \
		--deselect tests/test_memory.py::test_nothing_leaks \
		--deselect tests/test_memory.py::test_models_are_averaged_within_one_more

# The pool of threads under ThreadSanitizer, for so many seconds.
SECONDS = 60
tsan:
	mkdir -p build
	$(CC) -g -O1 -Wall -Wextra -fsanitize=thread -pthread tests/pool_stress.c \
		-o build/pool_stress
	build/pool_stress $(SECONDS)

# Calls from many threads while settings change and processes fork.
stress: .venv/.fastadd .venv/.test
	$(BIN)/python -W ignore::DeprecationWarning tests/stress.py --minutes $(MINUTES)

# Jobs that people do with it; pictures in build/examples.
examples: .venv/.fastadd .venv/.examples
	@mkdir -p build/examples
	@echo "Seven examples, about a minute"
	@for job in cross_fade watermark mix_sounds moving_average three_bodies optimizers \
			federated_averaging; do \
		echo "$$job" && \
		$(BIN)/python examples/$$job.py --picture build/examples/$$job.png || exit 1; \
	done
	@echo "The pictures are in build/examples."

# Beside the peers that are installed: NumPy and numexpr, and what the next two add.
bench: .venv/.fastadd .venv/.bench
	$(BIN)/python bench/run.py

peers: .venv/.bench .venv/.peers

# torch (on Linux its default build brings several GB of CUDA) as a peer.
torch: .venv/.bench .venv/.torch

bench-full: .venv/.fastadd .venv/.bench
	$(BIN)/python bench/run.py --full

# The ratios that the small call keeps to. TRIES=5 fails where one does not in 5 tries.
TRIES = 0
small: .venv/.fastadd .venv/.bench
	$(BIN)/python bench/small.py --tries $(TRIES)

# Released programs, and the same with a few lines changed to fastadd: 10 minutes.
downstream: .venv/.fastadd .venv/.downstream
	$(BIN)/python bench/downstream/run.py $(NAMES)

# The tables of the documentation's page of results, and the plots.
readme: .venv/.fastadd .venv/.bench .venv/.peers
	$(BIN)/python bench/run.py --full --readme

# The documentation. A warning is an error.
docs: .venv/.fastadd .venv/.docs
	$(BIN)/sphinx-build -q -W --keep-going -n docs build/docs
	@echo "The documentation is in build/docs/index.html."

lint: .venv/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint src
	$(BIN)/zizmor --offline --quiet .github

# What type checkers make of the public names, and whether the stub names them all.
typing: .venv/.fastadd .venv/.typing
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m mypy.stubtest fastadd --concise \
		--mypy-config-file pyproject.toml --allowlist tests/typing/allowlist.txt

# What a release uploads, for this machine and Python: complete, checked, under 1.5 MB.
dist: .venv/.dist
	rm -rf dist build/dist
	$(BIN)/check-manifest
	$(BIN)/python -m build --outdir build/dist
	mkdir dist
	mv build/dist/*.tar.gz dist
ifeq ($(shell uname),Linux)
	PATH="$(CURDIR)/$(BIN):$$PATH" auditwheel repair --strip -z 9 -w dist build/dist/*.whl
else
	mv build/dist/*.whl dist
endif
	$(BIN)/twine check --strict dist/*
	$(BIN)/python .ci/weigh.py dist/*.whl

clean:
	rm -rf .venv build dist *.egg-info fastadd/*.so bench/results

# --group needs pip 25.1. After a change of Python: `make clean`.
.venv/.made:
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade "pip>=25.1"
	touch $@

# Editable, so that only compiled sources make a new build necessary. Of what pip tells
# only setup.py's own lines are shown, and all of it if it fails.
.venv/.fastadd: .venv/.made $(SOURCES)
	@mkdir -p build
	@echo "fastadd: installing what builds it (in full: build/install.log)"
	@$(INSTALL) --verbose --editable . 2>&1 | tee build/install.log | \
		while read -r line; do \
			case "$$line" in "fastadd: "*) echo "$$line";; esac; \
		done
	@grep -q "^Successfully installed.* fastadd-" build/install.log \
		|| { cat build/install.log; exit 1; }
	@touch $@

.venv/.%: .venv/.made pyproject.toml
	@echo "Installing $$($(BIN)/python -c "import tomllib; print(*tomllib.load(open( \
		'pyproject.toml', 'rb'))['dependency-groups']['$*'], sep=', ')")" \
	"$(if $(SIZE_$*),(about $(SIZE_$*) with what they need))"
	@$(PIP) --group $*
	@touch $@
