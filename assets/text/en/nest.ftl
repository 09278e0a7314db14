# A worker's threads and tasks, box in box.
nest-unfold = Show threads and tasks of { $name }
nest-fold = Hide threads and tasks of { $name }
nest-tip = The process, its threads, and in each thread its tasks, with their rates
nest-thread = thread { $n }
nest-task = thread { $thread }, task { $task }: { $rate }, { $lines ->
    [one] 1 line
   *[other] { $lines } lines
}
nest-more = and { $n ->
    [one] 1 more thread
   *[other] { $n } more threads
}
