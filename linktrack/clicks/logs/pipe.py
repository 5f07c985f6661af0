"""A pipe as a source of content: whoever reads it can store what came, or stop, while it waits for more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any

_CHUNK_BYTES = 1 << 18
_CHUNKS = 8  # that may wait to be read
_MOMENT_SECONDS = 0.2


class Pipe:
    """The content that `opened` gives, taken by a thread of its own: opening a pipe waits too, until there is a writer.

    It ends early where `stop` says so, behind what was taken by then; `stopped` tells.
    """

    def __init__(self, opened: Callable[[], Any], stop: Callable[[], bool]) -> None:
        self._opened = opened
        self._stop = stop
        self._queue: Queue[bytes | BaseException] = Queue(_CHUNKS)
        self._left = b""
        self._ended = self._closed = False
        self.stopped = False
        Thread(target=self._pump, name="reading a pipe", daemon=True).start()

    def read1(self, count: int) -> bytes | None:
        """Some of the content, at most `count` bytes; b"" at its end, None where nothing has come for a moment.

        What opening and reading have raised is raised here.
        """
        self.stopped = self.stopped or (not self._ended and self._stop())
        if not self._left and not self._ended:
            try:
                found = self._queue.get(timeout=_MOMENT_SECONDS)
            except Empty:  # what the thread had taken has been read
                return b"" if self.stopped else None
            self._ended = not isinstance(found, bytes) or not found
            if isinstance(found, BaseException):
                raise found
            self._left = found
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def close(self) -> None:
        """Stop reading: the thread ends with its next bytes, which are dropped."""
        self._closed = True

    def _pump(self) -> None:
        try:
            with self._opened() as stream:
                while data := stream.read1(_CHUNK_BYTES):
                    self._put(data)
                    if self._closed or self.stopped:
                        return
            self._put(b"")
        except BaseException as problem:  # raised where it is read
            self._put(problem)

    def _put(self, found: bytes | BaseException) -> None:
        while not self._closed:
            with suppress(Full):
                self._queue.put(found, timeout=_MOMENT_SECONDS)
                break
