# The timeline
timeline-title = Timeline
timeline-files = Files
timeline-workers = Workers
timeline-rates = Lines/s
timeline-fit = Fit
    .tip = Show the whole session
timeline-closer = Closer
    .tip = Closer. The wheel does the same around the pointer.
timeline-farther = Farther
    .tip = Farther. The wheel does the same around the pointer.
timeline-live = Live
    .tip = The right edge follows the present
timeline-nothing = Nothing has happened yet
timeline-nothing-why = Files, workers and what becomes of them show here over time.
timeline-midnight = midnight
timeline-jump = clock set to { $time }
timeline-clocks-change = clocks change to { $time }
timeline-renamed = renamed to { $name }
timeline-compressed = compressed to { $name }
timeline-in-trash = { $name } in the trash
timeline-trashed = moved to the trash
timeline-complete = complete, no writer
timeline-quiet = no writer
timeline-unlinked = { $chip } unlinked, written by { $names }
timeline-unlinked-quiet = { $chip } unlinked
timeline-lost = { $n ->
    [one] 1 line lost
   *[other] { $n } lines lost
}
timeline-per-second = { $n }/s
timeline-rate = { $n } lines/s
timeline-more = and { $n } more
