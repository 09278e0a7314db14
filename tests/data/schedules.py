"""Asks CPython's own TimedRotatingFileHandler: python3 schedules.py ROLLOVERS FOLDERS SEED

Prints one JSON array a line:
["rollover", zone, when, interval, utc, at_time, start, first, now, suffix, next]
    A file last written at `start` first rolls over at `first`; if a line comes at `now`, the archive's name ends in
    `suffix`, and the next rollover is at `next`.
["delete", base, when, keep, names, picked]
    In a folder with these names, retention of the file `base` picks these.
"""
import datetime
import json
import logging.handlers
import os
import random
import sys
import tempfile
import time

ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns",
         "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Auckland", "Asia/Beirut"]
WHENS = ["S", "M", "H", "D", "midnight", "midnight", "midnight"] + ["W%d" % day for day in range(7)]
BEGIN, END = 946_684_800, 2_050_000_000


class Clock:
    localtime, gmtime, strftime = time.localtime, time.gmtime, time.strftime
    now = 0

    @classmethod
    def time(cls):
        return cls.now


class Handler(logging.handlers.TimedRotatingFileHandler):
    def rotate(self, source, dest):
        self.archive = dest


def make(name, **options):
    return Handler(name, delay=True, encoding="utf-8", **options)


def near_a_change(start):
    """Within three days of the next change of the zone's daylight saving, if there is one within a year."""
    before = time.localtime(start).tm_isdst
    for day in range(366):
        at = start + day * 86_400
        if time.localtime(at).tm_isdst != before:
            return at + random.randrange(-3 * 86_400, 3 * 86_400)
    return start


def rollover(folder):
    zone = random.choice(ZONES)
    os.environ["TZ"] = zone
    time.tzset()
    when, interval = random.choice(WHENS), random.choice([1, 1, 1, 2, 3, 7, 12, 24])
    utc = random.random() < 0.2
    at_time = random.choice([None, None, (0, 0, 0), (2, 30, 0), (13, 45, 7), (23, 59, 59)])
    start = random.randrange(BEGIN, END)
    if random.random() < 0.6:
        start = near_a_change(start)
    if random.random() < 0.2:
        start -= start % 3600  # a full hour, midnight among them
    Clock.now = start
    handler = make(os.path.join(folder, "a1.log"), when=when, interval=interval, utc=utc,
                   atTime=at_time and datetime.time(*at_time))
    first = handler.rolloverAt
    late = random.choice([0, 0, 1, random.randrange(100), random.randrange(86_400), random.randrange(60 * 86_400)])
    Clock.now = first + late
    handler.doRollover()
    suffix = os.path.basename(handler.archive).removeprefix("a1.log.")
    return ["rollover", zone, when, interval, utc, at_time and "%02d:%02d:%02d" % at_time, start, first, Clock.now,
            suffix, handler.rolloverAt]


def name_for(base, when):
    stem = random.choice([base] * 6 + [os.path.splitext(base)[0], "other.log", base + "x", base.upper()])
    name = "20%02d-%02d-%02d" % (random.randrange(20, 30), random.randrange(1, 14), random.randrange(1, 32))
    parts = {"S": 3, "M": 2, "H": 1}.get(when, 0)
    if random.random() < 0.2:
        parts = random.randrange(4)
    for part in range(parts):
        name += "_-"[part > 0] + "%02d" % random.randrange(60)
    tail = random.choice(["", "", "", "", ".gz", ".log", ".1", "\n", "x", " copy"])
    joint = random.choice([".", ".", ".", ".", "-", "..", ".old."])
    return random.choice([stem + joint + name + tail] * 9 + [base])


def delete(_):
    base = random.choice(["a1.log", "a1", ".a1", "a1.b.log", "..log", "a1.", "a1.2026-05-09.log", "日志.log"])
    when, keep = random.choice(["S", "M", "H", "D", "midnight", "W3"]), random.choice([1, 2, 3, 7])
    with tempfile.TemporaryDirectory() as folder:
        names = sorted({name_for(base, when) for _ in range(random.randrange(14))})
        handler = make(os.path.join(folder, base), when=when, backupCount=keep)
        for name in names:
            open(os.path.join(folder, name), "x").close()
        picked = [os.path.basename(path) for path in handler.getFilesToDelete()]
    return ["delete", base, when, keep, names, picked]


def main():
    rollovers, folders, seed = map(int, sys.argv[1:])
    random.seed(seed)
    logging.handlers.time = Clock
    with tempfile.TemporaryDirectory() as folder:
        for count, row in [(rollovers, rollover), (folders, delete)]:
            for _ in range(count):
                print(json.dumps(row(folder), ensure_ascii=False, separators=(",", ":")))


main()
