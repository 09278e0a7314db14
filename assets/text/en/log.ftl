# The log view
log-title = Log, rows { $from } to { $to } of { $n }
log-gone = { $chip } no longer holds this line, and it was not seen before it went.
log-copy = Copy
log-select-all = Select all rows
log-follow = Follow the newest line
log-copied = { $n ->
    [one] 1 line copied.
   *[other] { $n } lines copied.
}
log-copied-part = The first { $n } lines copied: a clipboard takes 16 MB.

log-following = Following
    .tip = The newest line stays in view. Click to hold still.
log-paused-scrolled = Paused: you scrolled up
log-paused-searching = Paused: searching
log-paused-selecting = Paused: selection
log-paused-jumped = Paused: at an event
log-resume = Go to the newest line and keep it in view
log-paused = Paused
log-paused-new = Paused, { $n } new

log-columns = Columns
    .tip = What is shown of each line
log-column-numbers = Row numbers
log-column-stamps = Stamps of the workers
log-levels-all = All levels
    .tip = Show lines of some levels only
log-levels-some = { $n } levels
log-levels-since = The numbers count the lines that have come since this was opened.
log-levels-worse = Warnings and worse
log-levels-reset = All levels
log-level-none = No level
log-level-only = This level alone

log-find-name = Search the log
log-find-hint = Search: text or /regex/
log-find-next = Next match
log-find-previous = Previous match
log-find-clear = End the search
log-find-wrong = not a pattern

log-ready = No lines yet
log-ready-why = Press Start: the workers begin to write.
log-waiting = Nothing to follow yet
log-waiting-why = The path is not there. It is followed as soon as it appears.
log-empty = No lines yet
log-empty-why = The file is empty. Lines show here as they are written.
log-none-of-levels = No line of the chosen levels
log-none-of-levels-why = Choose other levels above.
