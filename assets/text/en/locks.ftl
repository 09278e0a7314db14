# Workers that wait for a lock.

worker-waits = waits for { $name }
worker-waits-stopped = waits for { $name }, which is stopped
worker-waits-process = waits for process { $pid }
worker-waits-unknown = waits for the log’s lock

story-verb-blocked = waits
story-verb-unblocked = goes on
story-verb-gave-up = gave up
story-blocked = { $name } waits for { $holder }, which has the log’s lock.
story-blocked-stopped = { $name } waits for { $holder }, which is stopped and has the log’s lock.
story-blocked-process = { $name } waits for process { $pid }, which has the log’s lock.
story-blocked-unknown = { $name } waits for the log’s lock.
story-unblocked = { $name } has got the log’s lock after { $gap }.
story-gave-up = { $name } was given an order and no longer waits for the log’s lock, after { $gap }.
