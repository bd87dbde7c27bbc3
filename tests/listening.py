"""The console's stream of changes, as a browser reads it."""

from __future__ import annotations

import contextlib
import queue
import threading

import httpx


class Stream:
    """Server-sent events of one browser, read in a thread; `next` gives (event, data) as they come."""

    def __init__(self, browser):
        self.told = queue.Queue()
        self._client = httpx.Client(base_url=browser.url, cookies=browser.http.cookies, timeout=30)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._answer = None
        self._thread.start()
        assert self.next() == ("ready", "*")

    def _read(self):
        with contextlib.suppress(httpx.HTTPError, OSError), self._client.stream("GET", "/console/live") as answer:
            self._answer = answer
            event = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    self.told.put((event, value))
        self.told.put(("over", ""))

    def next(self, timeout_s=10):
        return self.told.get(timeout=timeout_s)

    def until(self, wanted, timeout_s=10):
        """Each thing told until this one, which is the last."""
        found = []
        while not found or wanted not in found[-1][1].split(" "):
            found.append(self.next(timeout_s))
        return found

    def close(self):
        self._client.close()
