"""Work that makes no cycles runs without the collector, in whatever thread; afterwards it is as it was."""

from __future__ import annotations

import gc
import threading

import pytest

from lockgate.collecting import uncollected
from lockgate.phi import deidentify


def failing() -> None:
    with uncollected():
        assert not gc.isenabled()
        raise RuntimeError


def test_it_is_off_within_and_on_after_even_where_the_work_fails():
    with pytest.raises(RuntimeError):
        failing()
    assert gc.isenabled()


def test_the_last_of_several_threads_switches_it_on():
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with uncollected():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with uncollected():
        thread.start()
        inside.wait(10)
    assert not gc.isenabled(), "the other is within"
    leave.set()
    thread.join()
    assert gc.isenabled()


def test_who_had_it_off_keeps_it_off():
    gc.disable()
    try:
        deidentify(["Seen by Dr. Ana Okonjo."])
        assert not gc.isenabled()
    finally:
        gc.enable()
