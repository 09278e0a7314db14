# The window: bars, panels, dialogs.

# Actions: what the menu says, and what a tooltip adds
action-open-file = Open file…
    .tip = Follow one log file, across rotations
action-open-folder = Open folder…
    .tip = Follow every log file of a folder
action-open-path = Open path…
    .tip = Type or paste a path; it may not exist yet
action-open-lab = Open lab…
    .tip = Open a lab file (TOML)
action-demo-lab = Demo lab
    .tip = Four workers, one daily file, a simulated clock
action-export-ledger = Export ledger…
    .tip = Write the accounting of all lines to a JSON file
action-quit = Quit
    .tip = Stop every worker and close the window
action-start = Start
    .tip = Start every worker that does not run
action-pause-or-resume = Pause or resume
    .tip = Workers hold still and keep their files open, or go on
action-stop = Stop
    .tip = End every worker, then count what remains
action-reset = Reset…
    .tip = Stop, empty the lab’s folder and forget everything
action-before-midnight = Ten seconds before midnight
    .tip = Set the simulated clock ten seconds before the next midnight
action-hour-forward = One hour forward
    .tip = Set the simulated clock one hour ahead
action-hour-back = One hour back
    .tip = Set the simulated clock one hour back, as a summer-time change does
action-rename-file = Rename…
    .tip = Give the selected file another name
action-truncate-file = Truncate
    .tip = Cut the selected file to 0 bytes
action-replace-file = Replace
    .tip = Put a new, empty file in the place of the selected one
action-delete-file = Delete
    .tip = Remove the selected file
action-reveal-file = Show in file manager
    .tip = Open the folder of the selected file
action-copy-path = Copy path
    .tip = Copy the full path of the selected file
action-release = Release
    .tip = No longer hold the selected unlinked file open; the disk gets its bytes back once nobody else does
action-restore-file = Restore…
    .tip = Write the content of the selected deleted file back to disk
action-remove-folder = Remove folder
    .tip = Remove the lab’s log folder with all that it holds
action-make-folder = Make the folder again
    .tip = Make the folders that the workers write to, where they are gone
action-theme-system = Theme: as the system
    .tip = Dark or light, as the system is
action-theme-dark = Theme: dark
    .tip = Light text on dark
action-theme-light = Theme: light
    .tip = Dark text on light
action-language-system = Language: as the system
    .tip = The system’s language, where the catalogue has it
action-language-english = Language: English
    .tip = English
action-language-chinese = Language: 简体中文
    .tip = 简体中文
action-larger = Larger
    .tip = Everything a step larger
action-smaller = Smaller
    .tip = Everything a step smaller
action-normal-size = Normal size
    .tip = Everything at its normal size
action-workers = Workers panel
    .tip = Show or hide the workers
action-files = Files panel
    .tip = Show or hide the files
action-timeline = Timeline
    .tip = Show or hide the timeline
action-stamps = Stamps
    .tip = Show or hide the stamp at the end of each line of a worker
action-find = Find
    .tip = Search in the log
action-find-next = Find next
    .tip = Go to the next match
action-find-previous = Find previous
    .tip = Go to the match before
action-follow = Go to the end and follow
    .tip = Go to the newest line and keep it in view
action-palette = Command palette
    .tip = Find any command by its name
action-notices = Messages
    .tip = What has been reported since the session began
action-keys = Keys
    .tip = All keys at a glance
action-about = About Rotascope
    .tip = Version and licences

# Figures
count-lines = { $n ->
    [one] { $n } line
   *[other] { $n } lines
}
# Bars
no-session = No session
menu-file = File
menu-lab = Lab
menu-view = View
menu-help = Help
menu-recent = Open recent
menu-recent-none = Nothing opened yet
menu-theme = Theme
menu-language = Language
menu-size = Text size: { $percent } %
palette-hint = Search commands
palette-none = No command by that name
lab-ready = Ready
lab-running = Running
lab-paused = Paused
lab-stopping = Stopping…
pause = Pause
resume = Resume
jump = Jump
    .tip = Set the simulated clock; the workers follow at once
clock = Clock
clock-simulated = simulated
    .tip = Simulated time: { $rate } seconds per real second, in the zone { $zone }. The workers take it for the time of day.
clock-wall = wall clock
    .tip = The machine’s own clock, in the zone { $zone }
clock-own-zone = of this machine

# The ledger
ledger-sum = written = present + torn + lost + destroyed + expired + in flight
term-written = written
    .tip = Lines that the workers handed to their handlers, whether or not a write succeeded
term-present = present
    .tip = Lines that stand whole in a file that can be reached, archives included
term-destroyed = destroyed
    .tip = Lines that stood whole in a reachable file until somebody took it away: deleted, truncated, overwritten
term-expired = expired
    .tip = Lines of a period that retention has removed, as configured
term-torn = torn
    .tip = Lines of which only fragments can be reached
term-lost = lost
    .tip = Lines that nobody will ever read: written into a file without a name, refused, dropped or overwritten
term-in-flight = in flight
    .tip = Lines whose fate is not decided yet; none once everything has been read
term-duplicated = duplicated
    .tip = Lines emitted a second time; beside the sum
term-astray = astray
    .tip = Lines that are present, but were written to a file that was no longer live; beside the sum
sum-files = files
    .tip = Files that are followed now
sum-lines = lines
    .tip = Whole lines read since the session began
sum-bytes = read
    .tip = Bytes read since the session began

# Workers
workers = Workers
workers-none = No workers
workers-none-why = This lab starts none.
worker-label = Worker { $name }
    .tip = Handler { $handler }, started with { $start }: { $processes ->
        [one] { $processes } process
       *[other] { $processes } processes
    }, { $threads ->
        [one] { $threads } thread
       *[other] { $threads } threads
    } each, { $tasks ->
        [one] { $tasks } task
       *[other] { $tasks } tasks
    } per thread
lines-per-second = { $n } lines/s
per-second = { $n }/s
worker-idle = not started
worker-starting = starting…
worker-ending = ending…
worker-ended = ended
worker-paused = paused
worker-stopped = frozen (SIGSTOP)
worker-failed = could not be started
worker-in-deleted = in a deleted file
worker-in-moved = in a renamed file
worker-errors = { $n ->
        [one] { $n } error
       *[other] { $n } errors
    }, { $file }: { $reason }
worker-reopens = { $n ->
        [one] { $n } reopen
       *[other] { $n } reopens
    }
worker-lost = { $n } lost
worker-cannot-reopen = This handler never looks whether its file is still there.
worker-pid = process
worker-start-time = started in
worker-holds = holds
worker-reopens-label = reopens
worker-rollovers = rollovers
worker-refused = refused
worker-last-gap = last gap
exit-code = exited with { $code }
exit-signal = ended by { $signal }
worker-pause = Pause
    .tip = Writes nothing, keeps its file open
worker-resume = Resume
    .tip = Writes again
worker-stop = Stop
    .tip = Ends in good order
worker-kill = Kill
    .tip = Ends it at once, as SIGKILL does
worker-restart = Start
    .tip = Starts this worker anew
worker-freeze = Freeze
    .tip = Stops the process where it stands (SIGSTOP)
worker-thaw = Thaw
    .tip = Lets the frozen process go on (SIGCONT)
worker-rate = Rate
worker-rate-unbounded = as fast as it goes

# Files
files = Files
files-none = No files
files-none-why = They appear here as soon as somebody writes one.
files-no-session = Open a file or a folder to see what happens to it.
folder-menu = Folder
folder-reveal = Show folder in file manager
file-label = File { $name }, incarnation { $incarnation }
file-label-unlinked = Deleted file { $name }, incarnation { $incarnation }
file-live = live
file-no-writer = no writer
file-in-trash = in the trash
file-held-by-us = held open here
file-inode = inode { $inode }
file-writes-on = { $name } writes on
file-write-on = { $n ->
        [one] { $n } writes on
       *[other] { $n } write on
    }
file-writers = { $n ->
        [one] { $n } writer
       *[other] { $n } writers
    }
entry-folder = folder
entry-dangling = leads nowhere
entry-special = no file
entry-compressed = compressed
entry-binary = not text
entry-inaccessible = no permission
entry-pattern = not followed
reach-moved = Moved away from the path that is written to
reach-trashed = In the trash: it takes its disk space until the trash is emptied
reach-unlinked = No name leads to it any more; it is gone when the last one lets go
reach-archived = Compressed: its lines stand in an archive
reach-truncated = Ended by a truncation
file-row-size = size
file-row-lines = lines
file-row-inode = inode
file-row-writers = writers
file-row-before = before
file-row-carried = carried over
file-row-hole = hole
file-row-abandoned = abandoned
release-pinned = { $size } of disk space stay taken as long as it is held open here.
release-pinned-by-others = { $n ->
        [one] { $n } other process has
       *[other] { $n } other processes have
    } it open too: { $size } of disk space stay taken until the last one lets go.
writers-reopen = { $n ->
        [one] { $n } writer notices and opens a new file.
       *[other] { $n } writers notice and open a new file.
    }
writers-stay-moved = { $n ->
        [one] { $n } writer writes
       *[other] { $n } writers write
    } on into the renamed file.
writers-stay-unlinked = { $n ->
        [one] { $n } writer writes
       *[other] { $n } writers write
    } on into the file without a name: those lines are lost.
writers-after-truncate = { $n ->
        [one] { $n } writer goes
       *[other] { $n } writers go
    } on in the same file.
asks-first = Asks first: no lab owns this folder.
compressed-refusal = A compressed archive: nobody writes to it, and cut or emptied it could not be unpacked any more.

# Dialogs
cancel = Cancel
close = Close
open = Open
save = Save
rename = Rename
path-title = Open a path
path-why = A file, a folder or a pattern to follow (*.log, **/*.log, app-%Y-%m-%d.log), or a lab file (.toml). What does not exist yet is waited for.
path-instead = This machine has no file dialog (neither a portal nor zenity); type the path here.
ledger-path-title = Export the ledger to
rename-title = Rename { $name }
rename-field = New name
rename-empty = A file needs a name.
rename-slash = A name can’t hold “/”.
rename-same = That is its name now.
rename-exists = A file of that name exists; it would be overwritten.
reset-title = Reset the lab?
reset-why = Every worker is stopped, the lab’s folder is emptied, and what was seen is forgotten.
reset-yes = Reset
end-title = End this session?
close-title = Close Rotascope?
end-why = { $n ->
        [one] { $n } worker is
       *[other] { $n } workers are
    } running and will be stopped.
end-open = End and open
close-yes = Stop and close
delete-title = Delete { $name }?
delete-why = No lab owns this folder. Whoever has the file open may go on writing to it unseen.
delete-trash = Move to trash
delete-for-good = Delete for good
    .tip = Can’t be undone
truncate-title = Truncate { $name }?
truncate-why = Everything in it is gone for good. No lab owns this folder.
truncate-yes = Truncate to 0 bytes
replace-title = Replace { $name }?
replace-why = An empty file takes its place; what is in it now is gone for good. No lab owns this folder.
replace-yes = Replace
drop-here = Drop to open
pick-files = Open log files
pick-folder = Open a folder of logs
pick-lab = Open a lab file
pick-ledger = Export the ledger

# Messages
dismiss = Dismiss
notices-none = Nothing has been reported.
seconds-ago = { $n } s ago
operation-failed = Could not { $operation } { $path }: { $reason }
operation-delete = delete
operation-trash = move to the trash
operation-rename = rename
operation-truncate = truncate
operation-replace = replace
operation-remove-dir = remove the folder
operation-make-folder = make the folder
operation-chmod = change the permissions of
operation-release = release
operation-restore = restore
operation-other = change
reveal-gone = The folder { $path } is not there any more.
ledger-written = Ledger written to { $path }
ledger-not-written = The ledger could not be written to { $path }: { $reason }

# First things
ready-title = { $title } is ready
ready-what = { $n ->
        [one] { $n } worker process writes
       *[other] { $n } worker processes write
    } { $logs ->
        [one] to one log.
       *[other] to { $logs } logs.
    }
ready-programs = { $n ->
        [one] { $n } program of yours runs
       *[other] { $n } programs of yours run
    } as a worker.
ready-start = Start the lab
ready-then = Then try
ready-then-watch = Watch: { $n ->
        [one] one step plays by itself, { $seconds } s after the start.
       *[other] { $n } steps play by themselves, the last { $seconds } s after the start.
    }
ready-then-delete = Select the live file on the right and delete it.
ready-then-midnight = Jump to ten seconds before midnight and wait for the next day’s file.
ready-then-rename = Rename it, truncate it, remove its folder. The sum above tells the cost.
welcome-title = What happens to your log files?
welcome-what = Open anyone’s logs and follow them across every rotation, or run the demo lab and break things with one click.
nothing-title = Nothing to read yet
nothing-what = Lines show up here as soon as these grow:

# Help
about-what = Shows what happens to log files when several processes write them: every rotation, every delete, every reopen, and every line lost.
about-licence = Rotascope: MIT or Apache-2.0
about-inter = Inter: SIL Open Font License 1.1
about-jetbrains = JetBrains Mono: SIL Open Font License 1.1
about-noto = Noto Sans SC: SIL Open Font License 1.1
about-egui = egui and eframe: MIT or Apache-2.0
keys-wheel = Zoom the timeline
    .keys = Wheel
keys-drag = Pan the timeline
    .keys = Drag
keys-click = Go to the line
    .keys = Click on the timeline
keys-shift-wheel = Scroll long lines sideways
    .keys = Shift + Wheel
