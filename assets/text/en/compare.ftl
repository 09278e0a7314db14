# Comparing handlers under faults.

action-compare-handlers = Compare handlers
    .tip = Run each handler under each fault, and see who loses what

compare-title = Compare handlers
compare-close = Close the comparison
    .tip = Back to the session; what runs here is ended
compare-csv = Save as CSV…
    .tip = Write the table for a spreadsheet
compare-png = Save as PNG…
    .tip = Write chart and table as a picture
compare-path-title = Save the comparison to
compare-written = Comparison written to { $path }
compare-not-written = The comparison could not be written to { $path }: { $reason }

compare-handlers = Handlers
compare-faults = Faults
compare-all = All
compare-none = None
compare-processes = Processes
    .tip = Worker processes that write to one log together
compare-duration = Time per run
    .tip = How long each run takes; faults come within it, most of them again and again
compare-nothing = Choose a handler and a fault.
compare-estimate = { $n ->
        [one] 1 run, about { $time }
       *[other] { $n } runs, about { $time }
    }
compare-seconds = { $n } s
compare-minutes = { $n } min
compare-run = Compare
    .tip = Start real workers, one run after the other, each in a folder of its own
compare-cancel =
    .tip = End the run at hand and keep the results so far

compare-empty = Who loses what, under which fault?
    .why = Each handler writes with real processes while its file is deleted, renamed, cut or replaced, or while midnight passes. The chart shows what became of every line. Choose on the left, then press Compare.
compare-running = Run { $n } of { $runs }: { $handler } under { $fault }, about { $left } left
compare-ending = Ending the run at hand…
compare-ended-early = Ended after { $n } of { $runs } runs
compare-done = { $n ->
        [one] 1 run, done
       *[other] { $n } runs, done
    }
compare-plus = +n duplicated
compare-percent = n % lost or torn, of the lines written
compare-never = never
compare-group-lines = lines of a run, all workers together
    .tip = written = present + torn + lost + destroyed + expired + in flight. Astray lines are among those present; duplicated ones stand beside the sum.
compare-group-times = time to reopen
    .tip = How long a worker whose file was taken away took to open the next one, over all such cases of a run
compare-handler = handler
    .tip = The strategy by which the workers write
compare-fault = fault
    .tip = What happens to the workers, their files or their clock
compare-lost-percent = lost %
    .tip = Lost lines, as a share of those written
compare-median = median
    .tip = Time from the loss of a file until a worker had opened the next one: half of all ways took no longer
compare-worst = worst
    .tip = The longest time from the loss of a file until a worker had opened the next one
compare-reopened = reopened
compare-picture = { $processes } processes, { $time } a run · Rotascope { $version }

fault-none = Nothing happens: what is lost here is lost every day.
fault-rollover = A day passes every second, so that midnight comes once a second and each handler moves on.
fault-delete = The live file is deleted, again and again.
fault-rename = The live file is given another name, again and again, as logrotate does it.
fault-truncate = The live file is cut to nothing, again and again.
fault-replace = An empty file takes the place of the live one, again and again, as editors save.
fault-remove-dir = The folder of the log is removed with all that it holds, as often as somebody makes it again.
fault-chmod = The folder of the log becomes read-only, midnight passes, and it may be written again; root writes all the same.
fault-kill = One worker after the other is killed (SIGKILL) while it writes, all but the last.
fault-stop = The first worker is stopped (SIGSTOP), midnight passes, and it goes on (SIGCONT).
fault-clock = The clock is set forward over midnight and an hour back, twice; each worker hears of it at its own moment.
fault-fill-disk = The disk is full for a third of the run; only where temporary files lie on one below 256 MiB.

handler-plain = Opens its file once and appends for ever, wherever that file is moved and even after it is deleted.
handler-watched = Looks at its path before each line and opens it again when it is gone or leads to another file; while the folder is missing, each line fails.
handler-timed-rotating = When its period ends it removes what has the archive's name and renames its file to that; several processes remove each other's archives.
handler-timed-rotating-keep = When its period ends it renames its file unless the archive is there already; two processes that see the name free at once overwrite one another.
handler-timed-rotating-reopen = As timed-rotating-keep, and looks at its path before each line; it finds a deleted file, and still loses lines where two processes roll over at once.
handler-daily = Names its file by the day and watches it besides; a folder that is missing at midnight leaves its stream closed for ever.
handler-locked = Takes a lock for each line, looks at its path and rolls over under it, so that no rollover loses anything; whoever is stopped while it has the lock holds up all the others.
handler-verified = Names its file by the day, keeps the lines of the last moment in memory and looks after them: if the file has lost its name by then, they are written again. Nothing is lost to a delete, rename or replacement.
