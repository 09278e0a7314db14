# 已删除但仍被打开的文件，以及如何写回磁盘。
deleted-open = 已删除但仍打开
deleted-label = 已删除的文件 { $name }，被 { $n } 个进程打开
holder-since = { $name }，发现于 { $since }
holders-more = 另外还有 { $n } 个
restore-title = 恢复 { $name }
restore-why = 把现有内容复制到一个新文件。正在写入已删除文件的程序会继续写入原文件，而不是副本。
release-title = 放弃最后一份内容？
release-why = 已没有名字指向这个文件，似乎也没有别的程序打开它：释放之后，谁也无法再读取。“恢复”可以把它写回磁盘。
restore-field = 新文件
restore-yes = 恢复
restore-held = 已没有名字指向它；只要还有程序打开着，它占用的磁盘空间就不会释放。
