"""What a Python original loses when several processes write to one log that rolls over each second.

    python3 losses.py CLASS FOLDER SECONDS PROCESSES

Each process writes a line a millisecond. Prints how many lines were written, and how many can be found afterwards.
"""

import logging
import multiprocessing
import os
import sys
import time

from originals import handler_of


def write(name, folder, seconds, number, written):
    handler = handler_of(name, folder, when="S")
    handler.setFormatter(logging.Formatter("{asctime} {process:d} {message}", style="{"))
    # A line that a rollover has failed for is lost, and the worker goes on.
    handler.handleError = lambda record: None
    logger = logging.getLogger("error")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    end, lines = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        lines += 1
        logger.info("%d %d 6666666666", number, lines)
        time.sleep(0.001)
    written.put(lines)


def main():
    name, folder, seconds, processes = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    # The start method is of no matter here, and this one is the quickest.
    context = multiprocessing.get_context("fork")
    written = context.Queue()
    workers = [context.Process(target=write, args=(name, folder, seconds, n, written)) for n in range(processes)]
    for worker in workers:
        worker.start()
    lines = sum(written.get() for _ in workers)
    for worker in workers:
        worker.join()
    found = 0
    for entry in os.scandir(folder):
        with open(entry.path, "rb") as log:
            found += sum(1 for _ in log)
    print(lines, found)


if __name__ == "__main__":
    main()
