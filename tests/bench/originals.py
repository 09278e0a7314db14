"""The Python originals of the handlers, one at a time: how many lines a second of processor time each writes.

    python3 originals.py CLASS FOLDER SECONDS

Prints the number of lines per second of processor time. No rollover falls into a run: all of them go by midnight.
"""

import datetime
import fcntl
import logging
import logging.handlers
import os
import sys
import time


class Keep(logging.handlers.TimedRotatingFileHandler):
    """Renames at a rollover only if nothing has the archive's name."""

    def doRollover(self):
        if self.stream:
            self.stream.close()
            self.stream = None
        began = time.localtime(self.rolloverAt - self.interval)
        archive = self.rotation_filename(self.baseFilename + "." + time.strftime(self.suffix, began))
        if not os.path.exists(archive):
            self.rotate(self.baseFilename, archive)
        self.stream = self._open()
        now = int(time.time())
        self.rolloverAt = self.computeRollover(now)
        while self.rolloverAt <= now:
            self.rolloverAt += self.interval


class Reopen(Keep):
    """The same, and looks before each line whether its path still leads to its file."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.known = self.identity(os.fstat(self.stream.fileno()))

    @staticmethod
    def identity(found):
        return found.st_dev, found.st_ino

    def look(self):
        try:
            found = self.identity(os.stat(self.baseFilename))
        except FileNotFoundError:
            found = None
        if found != self.known and self.stream is not None:
            self.stream.flush()
            self.stream.close()
            self.stream = self._open()
            self.known = self.identity(os.fstat(self.stream.fileno()))

    def emit(self, record):
        try:
            if self.shouldRollover(record):
                self.doRollover()
            self.look()
            logging.FileHandler.emit(self, record)
        except Exception:
            self.handleError(record)


class Daily(logging.handlers.WatchedFileHandler):
    """A file a day by name. The notes look twice for each line: once here, and once in the parent."""

    def __init__(self, folder, **options):
        if not os.path.exists(folder):
            os.makedirs(folder)
        self.folder = folder
        self.name_of_day = self.today()
        super().__init__(os.path.join(folder, self.name_of_day), **options)

    @staticmethod
    def today():
        return datetime.datetime.now().strftime("%Y-%m-%d") + ".log"

    def emit(self, record):
        name = self.today()
        if name != self.name_of_day:
            self.name_of_day = name
            self.baseFilename = os.path.abspath(os.path.join(self.folder, name))
            if self.stream:
                self.stream.flush()
                self.stream.close()
            self.stream = self._open()
            self._statstream()
        self.reopenIfNeeded()
        super().emit(record)


class Locked(logging.handlers.TimedRotatingFileHandler):
    """The scheme of concurrent-log-handler: for each line lock, open, look whether a rollover is due, write, unlock."""

    def __init__(self, path, lock, **options):
        super().__init__(path, **options)
        self.lock_file = open(lock, "a")

    def emit(self, record):
        try:
            fcntl.flock(self.lock_file, fcntl.LOCK_EX)
            try:
                if self.stream is None or not self.is_current():
                    self.close_stream()
                    self.stream = self._open()
                if self.shouldRollover(record):
                    self.doRollover()
                logging.FileHandler.emit(self, record)
            finally:
                fcntl.flock(self.lock_file, fcntl.LOCK_UN)
        except Exception:
            self.handleError(record)

    def is_current(self):
        try:
            return os.path.samestat(os.stat(self.baseFilename), os.fstat(self.stream.fileno()))
        except FileNotFoundError:
            return False

    def close_stream(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def handler_of(name, folder, when="midnight"):
    path = os.path.join(folder, "a1.log")
    options = {"encoding": "utf-8"}
    timed = {"when": when, **options}
    return {
        "plain": lambda: logging.FileHandler(path, **options),
        "watched": lambda: logging.handlers.WatchedFileHandler(path, **options),
        "timed-rotating": lambda: logging.handlers.TimedRotatingFileHandler(path, **timed),
        "timed-rotating-keep": lambda: Keep(path, **timed),
        "timed-rotating-reopen": lambda: Reopen(path, **timed),
        "daily": lambda: Daily(folder, **options),
        # The nearest that there is: the notes' last form is what it was made from.
        "verified": lambda: Daily(folder, **options),
        "locked": lambda: Locked(path, os.path.join(os.path.dirname(folder), "lock"), **timed),
    }[name]()


def main():
    name, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    handler = handler_of(name, folder)
    text = "{levelname} {asctime} {module} {process:d} {thread:d} {message}"
    handler.setFormatter(logging.Formatter(text, style="{"))
    logger = logging.getLogger("error")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    for _ in range(500):
        logger.info("6666666666")
    lines, begun, used = 0, time.monotonic(), time.process_time()
    while time.monotonic() - begun < seconds:
        for _ in range(256):
            logger.info("6666666666")
        lines += 256
    print(lines / (time.process_time() - used))


if __name__ == "__main__":
    main()
