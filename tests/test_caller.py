"""Warnings at the user's line; those of estimators are tested in ``estimators/test_warnings.py``."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from lamina.caller import warn_caller, warnings_kept, warnings_told


def _code(source: str, module: str) -> dict:
    """What ``source`` defines, as if it stood in ``module``."""
    names = {"__name__": module, "warn_caller": warn_caller}
    exec(compile(source, f"{module}.py", "exec"), names)
    return names


LIBRARY = "def warn(): warn_caller('text', UserWarning)\ndef call(function): function()\n"


def test_a_line_warns_once_and_another_line_again():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warn_caller("text", UserWarning)
        warn_caller("text", UserWarning)
    assert len(caught) == 2


def test_frames_of_lamina_and_of_what_calls_it_for_the_user_are_passed_over():
    warn = _code(LIBRARY, "lamina.training.trainer")["warn"]
    through_joblib = _code(LIBRARY, "joblib.parallel")["call"]
    through_sklearn = _code(LIBRARY, "sklearn.pipeline")["call"]
    with pytest.warns(UserWarning, match="text") as caught:
        through_sklearn(lambda: through_joblib(warn))
    assert caught[0].filename == __file__ and caught[0].lineno == sys._getframe().f_lineno - 1


def test_what_runs_as_main_in_a_worker_belongs_to_its_package():
    warn = _code(LIBRARY, "lamina.training.trainer")["warn"]
    worker = _code(LIBRARY, "__main__")
    worker["__package__"] = "joblib.externals.loky.backend"
    with pytest.warns(UserWarning, match="text") as caught:
        worker["call"](warn)
    assert caught[0].filename == __file__


def test_a_name_that_only_begins_alike_is_the_user_s():
    warn = _code(LIBRARY, "lamina.training.trainer")["warn"]
    names = _code(LIBRARY, "laminar.flow")
    with pytest.warns(UserWarning, match="text") as caught:
        names["call"](warn)
    assert caught[0].filename == "laminar.flow.py"


def test_the_module_that_filters_see_can_be_named():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="other")
        warn_caller("text", UserWarning, module="other.part")
        with pytest.raises(UserWarning):
            warn_caller("text", UserWarning)


def test_a_thread_keeps_its_own_warnings_once_each_and_others_warn_as_before():
    with warnings_kept() as kept, ThreadPoolExecutor(1) as other:
        warn_caller("a", UserWarning)
        with warnings_kept() as inner:
            warn_caller("b", UserWarning)
        warn_caller("a", UserWarning)
        with pytest.warns(UserWarning, match="c"):
            other.submit(warn_caller, "c", UserWarning).result(60)
    assert (kept, inner) == (["a"], ["b"])
    with pytest.warns(UserWarning, match="d"):
        warn_caller("d", UserWarning)


def test_warnings_are_told_when_they_come_and_those_of_other_threads_are_not():
    told = []
    with ThreadPoolExecutor(1) as pool, warnings_told(told.append):
        warn_caller("here", UserWarning)
        assert told == ["here"]
        with pytest.warns(UserWarning, match="elsewhere"):
            pool.submit(warn_caller, "elsewhere", UserWarning).result()
        with warnings_kept() as kept:
            warn_caller("within", UserWarning)
        warn_caller("here", UserWarning)
    assert (told, kept) == (["here", "here"], ["within"])
