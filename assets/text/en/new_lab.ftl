# A lab put together at the window, and what can be done to its clock.

action-new-lab = New lab…
    .tip = Choose handler, start method, shape and clock
action-before-offset-change = Ten seconds before the clocks change
    .tip = Set the simulated clock to shortly before daylight saving time begins or ends in its zone
action-speed-real = Real speed
    .tip = Let the simulated clock run as fast as a real one
action-speed-hour = An hour in ten seconds
    .tip = Let the simulated clock run 360 times as fast
action-speed-day = A day in ten seconds
    .tip = Let the simulated clock run 8,640 times as fast: a midnight every ten seconds

menu-lessons = Lessons
lesson-lesson = Delete and rename
    .tip = Three workers that look before each line and one that never does: one rename, one delete
lesson-midnight = Five midnights
    .tip = Workers of each kind, a clock that jumps from evening to evening, and no line lost

new-lab-title = New lab
new-lab-why = What you choose becomes a lab file. Its workers write into a folder of their own.
new-lab-handler = Handler
new-lab-when = Rolls over
new-lab-when-why = As in Python: midnight, every second, minute, hour or day, or on a weekday from W0 (Monday) to W6.
new-lab-keep = archives kept
    .tip = backup_count: older archives are removed; 0 keeps all
new-lab-keep-all = all
new-lab-start = Start method
new-lab-inherit = share one open file
    .tip = inherit_file: the parent opens the file, and all workers write through the same open file description
new-lab-shape = Shape
new-lab-processes = processes
new-lab-threads = threads
new-lab-tasks = tasks
new-lab-sum = { $tasks ->
        [one] One task
       *[other] { $tasks } tasks
    } in all, { $rate } lines a second.
new-lab-sum-full = { $tasks ->
        [one] One task
       *[other] { $tasks } tasks
    } in all, each as fast as it goes.
new-lab-rate = Rate
new-lab-rate-unit = lines a second and task
    .tip = 0 is as fast as it goes
new-lab-work = Work
new-lab-work-none = none
    .tip = A task writes and sleeps until its next line is due.
new-lab-work-wait = wait
    .tip = Before each line a task waits, as for a network: the thread's other tasks go on meanwhile.
new-lab-work-compute = compute
    .tip = Before each line a task computes: the thread's other tasks stand still meanwhile.
new-lab-work-ms = milliseconds of work
new-lab-clock = Clock
new-lab-clock-wall = real
    .tip = The machine's own clock.
new-lab-clock-midnight = before midnight
    .tip = A simulated clock that starts at 23:59:50.
new-lab-clock-days = a day in ten seconds
    .tip = A simulated clock at 8,640 times the speed: a midnight every ten seconds.
new-lab-clock-saving = daylight saving
    .tip = A simulated clock in Berlin, ten seconds before the hour from two to three comes a second time.
new-lab-open = Open lab
new-lab-copy = Copy as lab file
    .tip = Put the text of the lab file on the clipboard
new-lab-copied = Copied to the clipboard

start-spawn = A fresh process that gets only what it needs. The slowest way, and the only one that every system has.
start-forkserver = Forked from a server process with one thread, started once, that has loaded nothing: quick, and nothing is inherited by accident.
start-fork = Forked from a parent with one thread that has loaded everything before: a worker inherits all that the parent has.
