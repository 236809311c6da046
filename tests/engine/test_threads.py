"""How many threads work is dealt to: the limits that people set, and what happens where there are no threads to be had."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
from multiprocessing.pool import ThreadPool
from pathlib import Path

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from lamina.engine import MAX_THREADS, N_THREADS, default_threads, num_processors, threads

native = pytest.importorskip("lamina.engine._native")
pytest.importorskip("lamina.engine.native")
MACHINE = num_processors()


def _run(script, **environment):
    """What a new process prints."""
    full = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"} | environment
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=full, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# Where nobody says


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), (" 3 ", 3), ("+3", 3), ("4,2", 4), ("4, 2,1", 4), ("", np.inf), ("0", np.inf), ("-2", np.inf), ("many", np.inf),
     ("2.5", np.inf), (",2", np.inf), ("9" * 40, np.inf)],
)  # fmt: skip
def test_openmps_variable_is_read_as_openmp_reads_it(monkeypatch, text, number):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert threads.openmp_threads() == number


def test_without_openmps_variable_it_limits_nothing(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads.openmp_threads() == np.inf


PRINT = "from lamina.engine import default_threads, native, _native; print(default_threads(), _native.available_threads())"


def test_openmps_variable_limits_the_engine():
    assert _run(PRINT, OMP_NUM_THREADS="1,4") == ["1", "1"]


def test_openmps_variable_adds_no_processors():
    assert _run(PRINT, OMP_NUM_THREADS="999") == [str(MACHINE)] * 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="masks are Linux's")
def test_the_mask_counts_even_where_it_is_set_later():
    script = "from lamina.engine import native; import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + PRINT
    assert _run(script) == ["1", "1"]


# Control groups, as the files of the kernel describe them


def _hierarchy(tmp_path, mounts, groups, files):
    """The two files of /proc, for hierarchies below tmp_path; ``files`` are the groups' own."""
    lines = [
        f"31 23 0:28 {root} {tmp_path}/{mount} rw shared:9 - {kind} {kind} {options}" for mount, root, kind, options in mounts
    ]
    (tmp_path / "mountinfo").write_text("\n".join(["22 1 8:1 / / rw - ext4 /dev/root rw", *lines, ""]))
    (tmp_path / "cgroup").write_text("\n".join([*groups, ""]))
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "cgroup", tmp_path / "mountinfo"


V2 = [("unified", "/", "cgroup2", "rw,nsdelegate")]
V1 = [("cpu", "/", "cgroup", "rw,cpu,cpuacct"), ("memory", "/", "cgroup", "rw,memory")]
IN_V1 = ["4:memory:/a/b", "3:cpu,cpuacct:/a/b", "0::/"]


@pytest.mark.parametrize(
    ("mounts", "groups", "files", "quota"),
    [
        (V2, ["0::/a/b"], {"unified/a/b/cpu.max": "150000 100000\n"}, 1.5),
        (V2, ["0::/a/b"], {"unified/a/cpu.max": "200000 100000\n", "unified/a/b/cpu.max": "max 100000\n"}, 2.0),
        (V2, ["0::/a/b"], {"unified/a/cpu.max": "50000 100000\n", "unified/a/b/cpu.max": "400000 100000\n"}, 0.5),
        (V2, ["0::/"], {"unified/cpu.max": "300000 100000\n"}, 3.0),  # a container with a name space of its own
        (V2, ["0::/../other"], {"unified/cpu.max": "300000 100000\n"}, 3.0),
        ([("unified", "/docker/1f", "cgroup2", "rw")], ["0::/docker/1f/x"], {"unified/x/cpu.max": "200000 100000"}, 2.0),
        ([("unified", "/docker/1f", "cgroup2", "rw")], ["0::/docker/1f"], {"unified/cpu.max": "200000 100000"}, 2.0),
        (V2, ["0::/a"], {"unified/a/cpu.max": "nonsense"}, np.inf),
        (V2, ["0::/a"], {}, np.inf),
        (V1, IN_V1, {"cpu/a/b/cpu.cfs_quota_us": "250000\n", "cpu/a/b/cpu.cfs_period_us": "100000\n"}, 2.5),
        (V1, IN_V1, {"cpu/a/b/cpu.cfs_quota_us": "-1\n", "cpu/a/b/cpu.cfs_period_us": "100000\n"}, np.inf),
        (V1, IN_V1, {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1.0),
        (V1, ["4:memory:/a", "0::/"], {"memory/a/cpu.cfs_quota_us": "1", "memory/a/cpu.cfs_period_us": "1"}, np.inf),
        (V1 + V2, IN_V1, {"unified/cpu.max": "4 1", "cpu/a/cpu.cfs_quota_us": "2", "cpu/a/cpu.cfs_period_us": "1"}, 2.0),
    ],
)  # fmt: skip
def test_the_smallest_quota_of_a_group_and_those_around_it_counts(tmp_path, mounts, groups, files, quota):
    assert threads.cpu_quota(*_hierarchy(tmp_path, mounts, groups, files)) == quota


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert threads.cpu_quota(tmp_path / "none", tmp_path / "nor this") == np.inf


@pytest.mark.parametrize(
    ("quota", "processors"), [(0.2, 1), (1.0, 1), (1.2, min(2, MACHINE)), (10_000.0, MACHINE), (np.inf, MACHINE)]
)
def test_a_quota_is_rounded_up_and_adds_no_processors(monkeypatch, quota, processors):
    monkeypatch.setattr(threads, "cpu_quota", lambda *_: quota)
    assert num_processors() == processors


# joblib


@pytest.mark.parametrize("inner", [1, None])
def test_a_worker_process_of_joblib_has_the_share_that_joblib_gives_it(inner):
    settings = {} if inner is None else {"inner_max_num_threads": inner}
    with joblib.parallel_config("loky", n_jobs=MACHINE, **settings):
        shares = joblib.Parallel()(joblib.delayed(default_threads)() for _ in range(2))
    assert shares == [1, 1]


def test_a_worker_thread_has_its_share_of_the_processors():
    with ThreadPool(3) as pool:
        assert pool.map(threads.worker_share, [12, 12, 2, 7]) == [4, 4, 1, 2]
    assert threads.worker_share(12) == 12


def test_a_worker_thread_of_joblib_is_one():
    shares = joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(threads.worker_share)(8) for _ in range(2))
    assert shares == [4, 4]


def _worker(monkeypatch, tmp_path, name, commands):
    """This process as a worker of that name, whose parent has children with these commands; the first is this one's."""
    ids = [os.getpid(), *range(10**8, 10**8 + len(commands) - 1)]
    for process, command in zip(ids, commands, strict=True):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "cmdline").write_bytes(command)
    children = tmp_path / str(os.getppid()) / "task" / "1" / "children"
    children.parent.mkdir(parents=True)
    children.write_text(" ".join(map(str, ids)))
    monkeypatch.setattr(threads, "_PROCESSES", tmp_path)
    monkeypatch.setattr(threads, "num_processors", lambda: 12)
    monkeypatch.setattr(multiprocessing.process.current_process(), "_name", name)
    threads._processes_like.cache_clear()


@pytest.mark.parametrize(
    ("name", "commands", "limit", "share"),
    [
        ("ForkPoolWorker-1", [b"python\0train.py"] * 3, 12, 4),
        ("SpawnPoolWorker-2", [b"python\0spawn_main(pipe=7)", b"python\0spawn_main(pipe=9)", b"python\0tracker"], 12, 6),
        ("LokyProcess-3", [b"loky\0--pipe\x0017"] * 4, 12, 3),
        ("LokyProcess-3", [b"loky\0--pipe\x0017"] * 4, 2, 2),  # joblib has said 2 already
        ("ForkPoolWorker-1", [b"python\0train.py"] * 20, 12, 1),
        ("MainProcess", [b"python\0train.py"] * 3, 12, 12),
    ],
)
def test_a_worker_of_a_pool_of_processes_takes_its_share_of_the_processors(monkeypatch, tmp_path, name, commands, limit, share):
    _worker(monkeypatch, tmp_path, name, commands)
    assert threads.worker_share(limit) == share
    threads._processes_like.cache_clear()


def test_where_processes_cannot_be_counted_a_worker_takes_one_thread(monkeypatch, tmp_path):
    _worker(monkeypatch, tmp_path, "ForkPoolWorker-1", [b"python"])
    monkeypatch.setattr(threads, "_PROCESSES", tmp_path / "none")
    assert threads.worker_share(12) == 1
    threads._processes_like.cache_clear()


# threadpoolctl


def _engine():
    (found,) = [library for library in threadpool_info() if library["user_api"] == "lamina"]
    return found


def test_threadpoolctl_lists_the_engine():
    found = _engine()
    assert Path(found["filepath"]).samefile(native.__file__)
    assert found["num_threads"] == native.available_threads() == default_threads()


@pytest.mark.parametrize("user_api", [None, "lamina"])
def test_threadpoolctl_limits_the_engine_and_takes_the_limit_back(user_api):
    before = native.available_threads()
    with threadpool_limits(1, user_api=user_api):
        assert (_engine()["num_threads"], default_threads()) == (1, 1)
    assert native.available_threads() == before


def test_a_limit_for_blas_is_not_one_for_the_engine():
    before = native.available_threads()
    with threadpool_limits(1, user_api="blas"):
        assert native.available_threads() == before


def test_a_limit_adds_no_processors():
    with threadpool_limits(10_000, user_api="lamina"):
        assert native.available_threads() <= MACHINE


# n_threads


@pytest.mark.parametrize("given", [1, MAX_THREADS, None])
def test_a_number_of_threads_in_bounds_is_accepted(given):
    assert N_THREADS.accepts(given)


@pytest.mark.parametrize("given", [0, -1, MAX_THREADS + 1, 2**31, 10**400, 1.5, True, "2"])
def test_a_number_of_threads_out_of_bounds_is_not(given):
    assert not N_THREADS.accepts(given)


# Threads that cannot be had: with stacks of 64 MiB and little address space the system refuses, as at a limit of processes.

REFUSED = """
import resource, threading, os
import numpy as np
from lamina import Adam, Dense, Sequential, Trainer

x = np.random.default_rng(0).normal(size=(600, 40)).astype("float32")

def trained(n_threads):
    network = Sequential([Dense(600, activation="relu"), Dense(600, activation="relu"), Dense(1)], input_width=40)
    trainer = Trainer(network, "squared_error", Adam(), batch_size=300, n_threads=n_threads, seed=1)
    trainer.fit(x, x[:, :1], max_epochs=2)
    return np.concatenate([np.ravel(w) for w in trainer.weights.values()] + [np.ravel(trainer.predict(x))])

def tasks():
    return len(os.listdir("/proc/self/task"))

one, before = trained(1), tasks()
trained(1)  # what it takes is there
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + ROOM * 2**20, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
@pytest.mark.parametrize("room", [24, 300], ids=["none", "some"])
def test_training_goes_on_with_the_threads_that_there_are(room):
    script = textwrap.dedent(REFUSED).replace("ROOM", str(room)) + "print(int(np.array_equal(trained(64), one)))"
    assert _run("import resource\nresource.setrlimit(resource.RLIMIT_STACK, (2**26, 2**26))\n" + _reexecuted(script)) == ["1"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
def test_a_forked_process_goes_on_without_threads_too():
    script = textwrap.dedent(REFUSED).replace("ROOM", "24") + textwrap.dedent("""
        pid = os.fork()
        if pid == 0:
            os._exit(int(np.array_equal(trained(64), one)))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """)
    assert _run("import resource\nresource.setrlimit(resource.RLIMIT_STACK, (2**26, 2**26))\n" + _reexecuted(script)) == ["1"]


def _reexecuted(script):
    """The size of stacks counts from the start of a process."""
    return f"import os, sys\nos.execv(sys.executable, [sys.executable, '-c', {script!r}])"
