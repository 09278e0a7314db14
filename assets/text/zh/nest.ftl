# 工作进程的线程和任务，逐层嵌套。
nest-unfold = 显示 { $name } 的线程和任务
nest-fold = 隐藏 { $name } 的线程和任务
nest-tip = 进程、其中的线程、每个线程里的任务，以及各自的速率
nest-thread = 线程 { $n }
nest-task = 线程 { $thread }，任务 { $task }：{ $rate }，共 { $lines } 行
nest-more = 另外还有 { $n } 个线程
