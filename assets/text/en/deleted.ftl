# Deleted files that are still open somewhere, and how they are written back.
deleted-open = Deleted, still open
deleted-label = Deleted file { $name }, held open by { $n ->
    [one] 1 process
   *[other] { $n } processes
}
holder-since = { $name }, seen since { $since }
holders-more = and { $n } more
restore-title = Restore { $name }
restore-why = Its content, as it is now, is copied to a new file. Whoever writes to the deleted file goes on writing to that, not to the copy.
release-title = Let go of the last copy?
release-why = No name leads to this file, and no other program seems to hold it: once it is let go of, nobody can read it any more. Restore writes it back to disk.
restore-field = The new file
restore-yes = Restore
restore-held = No name leads to it, and its room on the disk is taken as long as somebody holds it open.
