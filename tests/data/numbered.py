"""Writes numbered lines through one of Python's handlers, or a daily one, until it is told to end.

    python3 numbered.py HANDLER FIRST [child]

At its end it says how many lines it has written.
"""

import datetime
import gzip
import logging
import logging.handlers
import os
import shutil
import signal
import subprocess
import sys
import time


class DailyFileHandler(logging.handlers.WatchedFileHandler):
    """A file for each period, named by it; opened anew too when it was taken away."""

    def __init__(self, folder, period):
        self.folder, self.period = folder, period
        super().__init__(self.path_now(), encoding="utf-8")

    def path_now(self):
        name = datetime.datetime.now().strftime(self.period) + ".log"
        return os.path.abspath(os.path.join(self.folder, name))

    def emit(self, record):
        path = self.path_now()
        if path != self.baseFilename:
            self.baseFilename = path
            self.stream.close()
            self.stream = self._open()
            self._statstream()
        super().emit(record)


def compressed():
    """A file for each hundred lines or so; the two before it are kept, compressed by the handler itself."""

    def compress(source, dest):
        with open(source, "rb") as plain, gzip.open(dest, "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.remove(source)

    handler = logging.handlers.RotatingFileHandler("logs/app.log", maxBytes=6000, backupCount=2, encoding="utf-8")
    handler.namer = lambda name: name + ".gz"
    handler.rotator = compress
    return handler


HANDLERS = {
    "compressed": compressed,
    "file": lambda: logging.FileHandler("logs/app.log", encoding="utf-8"),
    "watched": lambda: logging.handlers.WatchedFileHandler("logs/app.log", encoding="utf-8"),
    "timed": lambda: logging.handlers.TimedRotatingFileHandler("logs/app.log", when="S", interval=1, encoding="utf-8"),
    # A day of one second.
    "daily": lambda: DailyFileHandler("logs", "%Y-%m-%d-%H-%M-%S"),
}


def main():
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    os.makedirs("logs", exist_ok=True)
    logger = logging.getLogger("numbered")
    logger.setLevel(logging.INFO)
    handler = HANDLERS[sys.argv[1]]()
    handler.setFormatter(logging.Formatter("{levelname} {asctime} {process:d} {message}", style="{"))
    logger.addHandler(handler)
    if "child" in sys.argv:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        print("child", child.pid, flush=True)
    print("in", os.environ["ROTASCOPE_FOLDER"], flush=True)
    first = number = int(sys.argv[2])
    while not ended:
        logger.info("worker=%s seq=%d", "main", number)
        number += 1
        time.sleep(0.005)
    print("written", number - first, flush=True)


main()
