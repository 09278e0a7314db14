# Sentences about what happened: dividers in the log, tooltips on the timeline, messages.

story-and-more = { $names } and { $n } more
story-separator = { ", " }

story-by = { $who ->
    [person] by you
    [step] by step { $step }
    [worker] by { $name }
   *[other] by another program
}

# The word in colour at the beginning of a divider, and on a mark.
story-verb-created = created
story-verb-renamed = renamed
story-verb-trashed = to the trash
story-verb-rolled-over = rolled over
story-verb-deleted = deleted
story-verb-removed = removed
story-verb-replaced = replaced
story-verb-truncated = truncated
story-verb-restored = restored
story-verb-archived = archived
story-verb-not-a-file = no file
story-verb-inaccessible = unreadable
story-verb-accessible = readable
story-verb-hole = hole
story-verb-missed = missed
story-verb-unterminated = unfinished
story-verb-overflow = overflow
story-verb-started = started
story-verb-exited = ended
story-verb-killed = killed
story-verb-stopped = stopped
story-verb-continued = continued
story-verb-reopened = reopened
story-verb-failed = failed
story-verb-clock = clock set
story-verb-refused = refused
story-verb-said = note
story-verb-met = as expected
story-verb-unmet = not as expected

# Dividers: what happened.
story-created = { $file } by { $name }.
story-created-unknown = { $file } appeared.
story-renamed = { $file } to { $to } { $by }.
story-trashed = { $file } { $by }.
story-rolled-over = { $name } put { $file } away as { $to }.
story-removed = { $file } by { $name }, at its rollover.
story-deleted = { $file } { $by }.
story-replaced = { $file } by another file, { $by }.
story-truncated = { $file } from { $old } to { $kept } { $by }.
story-restored = { $file } leads to { $chip } again.
story-written-back = { $file } was written back as { $to }, { $size }.
story-archived = { $chip } is in { $to } now.
story-not-a-file = What stands at { $file } now is no regular file.
story-inaccessible = { $file }: { $reason }
story-accessible = { $file } can be read again.
story-hole = { $size } in { $file } that nobody wrote.
story-missed = { $file } came and went before anybody could look.
story-unterminated = The last line of { $file } ends without a newline ({ $size }).
story-overflow = The system dropped notifications; everything was looked at again.
story-started = { $name }, process { $pid }.
story-exited-asked = { $name } ended as told.
story-exited-code = { $name } ended by itself with code { $code }.
story-exited-signal = { $name } was ended by { $signal }.
story-stopped = { $name } stands still and keeps its file open.
story-continued = { $name } goes on.
story-reopened = { $name }: { $why }
story-why-first = its first file.
story-why-gone = its path led nowhere.
story-why-changed = its path led to another file.
story-why-rollover = its period was over.
story-why-retry = its stream had been closed by a failure.
story-failed = { $name } could not write to { $file }: { $reason }
story-clock-run-at = run at { $rate }
story-clock = to { $time } { $by }.
story-refused = { $operation }: { $reason }
story-expected = { $that } ({ $found })

# Dividers: what came of it.
story-held = { $n ->
    [one] 1 worker had it open; inode { $inode } stays until it lets go.
   *[other] { $n } workers had it open; inode { $inode } stays until the last one lets go.
}
story-let-go = { $n ->
    [one] 1 worker had it open; it has let go of it.
   *[other] { $n } workers had it open; all have let go of it.
}
story-held-unknown = Whoever has it open goes on writing where nobody can read it.
story-moved-with-writers = { $n ->
    [one] 1 worker had it open and writes on into it until it opens its path again.
   *[other] { $n } workers had it open and write on into it until they open their path again.
}
story-in-trash = It lies there with all its lines; whoever has it open goes on writing to it.
story-emptied = What stood there is gone.
story-cut-short = What stood behind the first { $kept } is gone.
story-recovered = { $names } reopened after { $gaps }.
story-has-not = { $n ->
    [one] { $names } has not.
   *[other] { $names } have not.
}

# Tooltips: the consequence first.
story-title-deleted = { $who ->
    [person] You deleted { $file }
    [step] Step { $step } deleted { $file }
    [worker] { $name } removed { $file } at its rollover
   *[other] Another program deleted { $file }
}
story-title-renamed = { $who ->
    [person] You renamed { $file } to { $to }
    [step] Step { $step } renamed { $file } to { $to }
    [worker] { $name } rolled over: { $file } is { $to } now
   *[other] Another program renamed { $file } to { $to }
}
story-title-trashed = { $who ->
    [person] You moved { $file } to the trash
    [step] Step { $step } moved { $file } to the trash
    [worker] { $name } moved { $file } to the trash
   *[other] Another program moved { $file } to the trash
}
story-title-replaced = { $who ->
    [person] You replaced { $file }
    [step] Step { $step } replaced { $file }
    [worker] { $name } overwrote { $file } at its rollover
   *[other] Another program replaced { $file }
}
story-title-truncated = { $who ->
    [person] You truncated { $file }
    [step] Step { $step } truncated { $file }
    [worker] { $name } truncated { $file }
   *[other] Another program truncated { $file }
}
story-title-clock = { $who ->
    [person] You set the clock to { $time }
    [step] Step { $step } set the clock to { $time }
    [worker] { $name } set the clock to { $time }
   *[other] The clock jumped to { $time }
}
story-title-created = { $name } created { $file }
story-title-created-unknown = { $file } appeared
story-all-recovered = { $n ->
    [one] The worker that wrote to it reopened after { $gap }.
   *[other] All { $n } workers reopened within { $gap }.
}
story-some-recovered = { $recovered } of { $n } workers reopened within { $gap }.
story-none-recovered = { $n ->
    [one] { $names } has not reopened yet.
   *[other] None of { $n } workers has reopened yet.
}
story-goes-on = All { $n } workers go on in the same file.
story-not-yet = { $n ->
    [one] { $names } has not.
   *[other] { $names } have not.
}
story-never = { $names } never will: { $handler } keeps the file it opened.
story-losing = { $names }: { $lost ->
    [one] 1 line so far in a file without a name.
   *[other] { $lost } lines so far in a file without a name.
}
story-slipped = { $lost ->
    [one] 1 line went into the file without a name before that.
   *[other] { $lost } lines went into the file without a name before that.
}

story-facts = { $time } · { $chip } · inode { $inode } · { $lines ->
    [one] 1 line
   *[other] { $lines } lines
}

# Tooltips of bars and spans.
story-bar = { $chip } { $file }
story-bar-live = Written now by { $names }.
story-bar-live-unknown = The live file.
story-bar-quiet = No writer; last line at { $time }.
story-bar-moved = Moved; its name was { $file }.
story-bar-unlinked = No name leads to it, and { $names } still { $n ->
    [one] writes to it.
   *[other] write to it.
}
story-bar-unlinked-quiet = No name leads to it and nobody writes to it.
story-bar-truncated = Ended by a truncation; { $kept } were kept.
story-bar-facts = { $lines ->
    [one] 1 line
   *[other] { $lines } lines
} · { $size } · inode { $inode } · since { $time }
story-span-now = { $name } writes to { $chip } { $file }
story-span-then = { $name } wrote to { $chip } { $file }
story-span-unknown = { $name } held a file that was gone before it could be read
story-span-facts = { $from } to { $to } · { $why }
story-span-since = since { $from } · { $why }
story-span-answer = Reopened { $gap } after the fault.

# Filled in where the follower tells of more.
story-verb-retargeted = retargeted
story-verb-abandoned = given up
story-verb-carried-over = carried over
story-verb-late = late
story-retargeted = { $file } leads to { $to } now.
story-abandoned = { $size } of { $file } were given up unread.
story-carried-over = The first { $size } of { $file } repeat the file before it.
story-late = { $size } came into { $file } after it had been let go.
story-clock-jumped = by { $jump }; the machine’s own clock was set.
story-in-unlinked = { $names } writes where nobody can read it ({ $lost ->
    [one] 1 line
   *[other] { $lost } lines
} so far).
