# make run: everything from a fresh clone to the tour.  make test: the same, then the tests.
# make mutate MUTANTS=1000000: changed functions that the verifier still accepts, run under a monitor; SEED=N repeats.
# make fuzz TARGET=artifact SECONDS=600: hostile input for one of tests/fuzz/targets; SEED=N draws the same again.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

TARGET ?= artifact
SECONDS ?= 60
MUTANTS ?= 1000000
PROCESSES ?= 2
STRIDE ?= 1
START ?= 0

UNTHREADED := --ignore tests/core/test_fork.py --ignore tests/core/test_crowd.py --ignore tests/core/test_idle_processes.py
UNTHREADED += --deselect tests/core/test_recycling.py::test_no_page_of_a_free_slot_exists
UNTHREADED += --deselect tests/exchange/test_checked.py::test_a_child_of_fork_has_checked_blocks_of_its_own
UNTHREADED += --deselect tests/exchange/test_checked.py::test_there_are_so_many_checked_blocks_and_then_again_when_one_is_gone
THREADED := storms machine keepers links meters banks_of_processes supervisor streams pipes stream_targets async_streams file_trees

.PHONY: run test test-cells test-long stress enumerate mutate-verifier fuzz mutate sanitize hostile bench-core lint docs develop clean

run: $(VENV)/installed
	$(BIN)/motte demo

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=15 tests

# The kernel's tests, with guests in OS processes of their own.
test-cells: $(VENV)/installed
	$(BIN)/python -m pytest --isolation both tests/core tests/ipc tests/exchange tests/contracts tests/constructors tests/personality

test-long: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations=40 --long tests

# A million spawns, a million calls, 100,000 exceptions over eight threads, a thousand forks, storms of everything: a quarter
# of an hour; SEED=N blows the same storms again.
stress: $(VENV)/installed
	$(if $(SEED),MOTTE_SEED=$(SEED)) $(BIN)/python -m pytest --long -rP tests/stress tests/calls/test_storms.py tests/core/test_storm.py

# Every numbered encoding before everybody: about an hour. STRIDE samples, START goes on where a run was interrupted.
enumerate: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m enumeration --processes $(PROCESSES) --stride $(STRIDE) --start $(START)

# Each check of both verifiers changed or removed: which changes does nothing notice? Half an hour.
mutate-verifier: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m verifier_mutation python
	PYTHONPATH=tests $(BIN)/python -m verifier_mutation c

fuzz: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m fuzz.run $(TARGET) --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

mutate: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m mutation.running --mutants $(MUTANTS) $(if $(SEED),--seed $(SEED))

# The core's tests on a core with AddressSanitizer and UndefinedBehaviorSanitizer, then with ThreadSanitizer, which
# docs/testing.md says more of.  What idle processes and crowds take is left out: the sanitizers take more.  So are, under
# ThreadSanitizer, children of a fork, a look at free slots that takes its mappings for slots, and all checked blocks at
# once, for which it leaves no address space.
sanitize: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m core_builds sanitized -m pytest tests/core tests/ipc tests/exchange tests/cells --deselect tests/core/test_idle_processes.py
	$(BIN)/python -m pytest --long tests/core/test_scheduler_threads.py tests/core/test_bank_threads.py tests/core/test_race_reports.py
	PYTHONPATH=tests $(BIN)/python -m core_builds threads -m pytest tests/core tests/ipc tests/exchange tests/personality $(UNTHREADED)
	PYTHONPATH=tests $(BIN)/python -m core_builds threads -m pytest $(addprefix tests/api/test_,$(addsuffix .py,$(THREADED))) --deselect tests/api/test_async_streams.py::test_two_thousand_guests_talk_under_one_loop_without_a_thread_or_a_descriptor_each

# The core's tests with an interruption at every gate; then a host that refuses whatever it is asked for, now and then.
hostile: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m core_builds interrupted -m pytest tests/core tests/ipc tests/exchange
	$(BIN)/python -m pytest --long tests/hostile
	PYTHONPATH=tests $(BIN)/python -m core_builds hostile-sanitized -m hostile.campaign single

# Python by ruff and mypy, a client of the whole interface by pyright, too; the core by clang-tidy: .clang-tidy says what
# is looked for, and what is not, and why.
# What a process costs the core alone; `motte bench kernel` has Python in it.
bench-core: $(VENV)/installed
	$(BIN)/motte compile src/motte/benchmark/guests/empty.c -o build/empty.motte
	PYTHONPATH=tests $(BIN)/python -m core_builds measured benchmarks/spawn_in_core.py build/empty.motte

lint: $(VENV)/installed
	$(BIN)/python -m pip install --quiet '.[lint]'
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python tests/typed/client.py
	test -f build/lint/build.ninja || PATH=$(abspath $(BIN)):$$PATH meson setup build/lint
	PATH=$(abspath $(BIN)):$$PATH ninja -C build/lint core/motte_abi.h core/verifier/forms_table.h
	PATH=$(abspath $(BIN)):$$PATH run-clang-tidy.py -quiet -hide-progress -p build/lint '/core/.*\.c$$'

# The pages, and what the docstrings say, as a site: build/site/docs/index.html.
docs: $(VENV)/installed
	$(BIN)/python -m sphinx -q -W --keep-going -c docs -b html . build/site

# The core is compiled into the source tree, for work on Motte itself: PYTHONPATH=src.
develop:
	test -f build/build.ninja || meson setup build
	ninja -C build
	cp build/core/_core*.so src/motte/core/_core.so.new && mv src/motte/core/_core.so.new src/motte/core/_core.so

$(VENV)/installed: pyproject.toml meson.build $(shell git ls-files src core guest 2>/dev/null)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet '.[test,bench]'
	touch $@

clean:
	rm -rf build $(VENV)
