# 等锁的工作进程。

worker-waits = 等待 { $name }
worker-waits-stopped = 等待 { $name }（它已冻结）
worker-waits-process = 等待进程 { $pid }
worker-waits-unknown = 等待日志的锁

story-verb-blocked = 等待
story-verb-unblocked = 继续
story-verb-gave-up = 放弃等待
story-blocked = { $name } 在等 { $holder }，日志的锁在它手里。
story-blocked-stopped = { $name } 在等 { $holder }，日志的锁在它手里，而它已冻结。
story-blocked-process = { $name } 在等进程 { $pid }，日志的锁在它手里。
story-blocked-unknown = { $name } 在等日志的锁。
story-unblocked = { $name } 等了 { $gap }，拿到了日志的锁。
story-gave-up = { $name } 等了 { $gap }，接到命令后不再等日志的锁。
