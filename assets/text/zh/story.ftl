# 关于发生了什么的句子：日志中的分隔行、时间轴上的提示、消息。

story-and-more = { $names } 等另外 { $n } 个
story-separator = 、

story-by = { $who ->
    [person] 由你操作
    [step] 由第 { $step } 步操作
    [worker] 由 { $name } 操作
   *[other] 由其他程序操作
}

# 分隔行开头和标记上的彩色词。
story-verb-created = 新建
story-verb-renamed = 改名
story-verb-trashed = 移到回收站
story-verb-rolled-over = 轮转
story-verb-deleted = 删除
story-verb-removed = 移除
story-verb-replaced = 替换
story-verb-truncated = 截断
story-verb-restored = 恢复
story-verb-archived = 归档
story-verb-not-a-file = 非文件
story-verb-inaccessible = 无法读取
story-verb-accessible = 恢复读取
story-verb-hole = 空洞
story-verb-missed = 漏看
story-verb-unterminated = 未换行
story-verb-overflow = 通知溢出
story-verb-started = 启动
story-verb-exited = 退出
story-verb-killed = 被杀死
story-verb-stopped = 暂停
story-verb-continued = 继续
story-verb-reopened = 重新打开
story-verb-failed = 写入失败
story-verb-clock = 拨动时钟
story-verb-refused = 未执行
story-verb-said = 说明
story-verb-met = 符合预期
story-verb-unmet = 不符合预期

# 分隔行：发生了什么。
story-created = { $file }（{ $name }）。
story-created-unknown = 出现了 { $file }。
story-renamed = { $file } 改为 { $to }，{ $by }。
story-trashed = { $file }，{ $by }。
story-rolled-over = { $name } 把 { $file } 归档为 { $to }。
story-removed = { $file }，由 { $name } 在轮转时移除。
story-deleted = { $file }，{ $by }。
story-replaced = { $file } 被另一个文件取代，{ $by }。
story-truncated = { $file } 从 { $old } 截到 { $kept }，{ $by }。
story-restored = { $file } 重新指向 { $chip }。
story-written-back = { $file } 的内容写回为 { $to }，{ $size }。
story-archived = { $chip } 现在在 { $to } 中。
story-not-a-file = { $file } 现在不是普通文件。
story-inaccessible = { $file }：{ $reason }
story-accessible = { $file } 又可以读取了。
story-hole = { $file } 中有 { $size } 无人写入。
story-missed = { $file } 出现后立即消失，没来得及查看。
story-unterminated = { $file } 的最后一行没有换行符（{ $size }）。
story-overflow = 系统丢弃了部分通知；已全部重新查看。
story-started = { $name }，进程 { $pid }。
story-exited-asked = { $name } 按要求退出。
story-exited-code = { $name } 自行退出，退出码 { $code }。
story-exited-signal = { $name } 被 { $signal } 终止。
story-stopped = { $name } 停住不动，文件仍然打开。
story-continued = { $name } 继续运行。
story-reopened = { $name }：{ $why }
story-why-first = 第一个文件。
story-why-gone = 路径已不存在。
story-why-changed = 路径指向了另一个文件。
story-why-rollover = 周期已结束。
story-why-retry = 之前的失败关闭了流。
story-failed = { $name } 无法写入 { $file }：{ $reason }
story-clock-run-at = { $rate } 速
story-clock = 拨到 { $time }，{ $by }。
story-refused = { $operation }：{ $reason }
story-expected = { $that }（{ $found }）

# 分隔行：结果如何。
story-held = { $n } 个工作进程打开着它；最后一个放手之前，inode { $inode } 不会释放。
story-let-go = { $n } 个工作进程曾打开它，都已放开。
story-held-unknown = 仍打开它的程序会继续写入，但谁也读不到。
story-moved-with-writers = { $n } 个工作进程打开着它，在重新打开路径之前会继续写入其中。
story-in-trash = 它带着全部内容留在回收站里；打开着它的程序会继续写入。
story-emptied = 原有内容已不在。
story-cut-short = 前 { $kept } 之后的内容已不在。
story-recovered = { $names } 重新打开，用时 { $gaps }。
story-has-not = { $n ->
   *[other] { $names } 没有。
}

# 提示：先说结果。
story-title-deleted = { $who ->
    [person] 你删除了 { $file }
    [step] 第 { $step } 步删除了 { $file }
    [worker] { $name } 在轮转时移除了 { $file }
   *[other] 其他程序删除了 { $file }
}
story-title-renamed = { $who ->
    [person] 你把 { $file } 改名为 { $to }
    [step] 第 { $step } 步把 { $file } 改名为 { $to }
    [worker] { $name } 轮转：{ $file } 现在是 { $to }
   *[other] 其他程序把 { $file } 改名为 { $to }
}
story-title-trashed = { $who ->
    [person] 你把 { $file } 移到了回收站
    [step] 第 { $step } 步把 { $file } 移到了回收站
    [worker] { $name } 把 { $file } 移到了回收站
   *[other] 其他程序把 { $file } 移到了回收站
}
story-title-replaced = { $who ->
    [person] 你替换了 { $file }
    [step] 第 { $step } 步替换了 { $file }
    [worker] { $name } 在轮转时覆盖了 { $file }
   *[other] 其他程序替换了 { $file }
}
story-title-truncated = { $who ->
    [person] 你截断了 { $file }
    [step] 第 { $step } 步截断了 { $file }
    [worker] { $name } 截断了 { $file }
   *[other] 其他程序截断了 { $file }
}
story-title-clock = { $who ->
    [person] 你把时钟拨到 { $time }
    [step] 第 { $step } 步把时钟拨到 { $time }
    [worker] { $name } 把时钟拨到 { $time }
   *[other] 时钟跳到 { $time }
}
story-title-created = { $name } 创建了 { $file }
story-title-created-unknown = 出现了 { $file }
story-all-recovered = { $n ->
    [1] 写入它的工作进程在 { $gap } 后重新打开。
   *[other] { $n } 个工作进程都在 { $gap } 内重新打开。
}
story-some-recovered = { $n } 个工作进程中有 { $recovered } 个在 { $gap } 内重新打开。
story-none-recovered = { $n ->
    [1] { $names } 还没有重新打开。
   *[other] { $n } 个工作进程都还没有重新打开。
}
story-goes-on = { $n } 个工作进程继续写同一个文件。
story-not-yet = { $n ->
   *[other] { $names } 还没有。
}
story-never = { $names } 永远不会：{ $handler } 一直保持最初打开的文件。
story-losing = { $names }：已有 { $lost } 行写进没有名字的文件。
story-slipped = 在此之前有 { $lost } 行写进了没有名字的文件。

story-facts = { $time } · { $chip } · inode { $inode } · { $lines } 行

# 条形和区段的提示。
story-bar = { $chip } { $file }
story-bar-live = { $names } 正在写入。
story-bar-live-unknown = 当前文件。
story-bar-quiet = 无人写入；最后一行在 { $time }。
story-bar-moved = 已移走；原名 { $file }。
story-bar-unlinked = { $n ->
   *[other] 没有名字指向它，{ $names } 仍在写入。
}
story-bar-unlinked-quiet = 没有名字指向它，也无人写入。
story-bar-truncated = 因截断而结束；保留了 { $kept }。
story-bar-facts = { $lines } 行 · { $size } · inode { $inode } · 始于 { $time }
story-span-now = { $name } 正在写入 { $chip } { $file }
story-span-then = { $name } 写入过 { $chip } { $file }
story-span-unknown = { $name } 打开过一个没来得及读取就消失的文件
story-span-facts = { $from } 至 { $to } · { $why }
story-span-since = 始于 { $from } · { $why }
story-span-answer = 故障后 { $gap } 重新打开。

# 跟随者讲述的其他情况。
story-verb-retargeted = 改指向
story-verb-abandoned = 放弃
story-verb-carried-over = 沿用
story-verb-late = 迟到
story-retargeted = { $file } 现在指向 { $to }。
story-abandoned = { $file } 中有 { $size } 未读即放弃。
story-carried-over = { $file } 的前 { $size } 与之前的文件重复。
story-late = { $file } 被放开之后又写入了 { $size }。
story-clock-jumped = 跳动 { $jump }；机器自身的时钟被拨动。
story-in-unlinked = { $names } 写入的内容谁也读不到（已有 { $lost } 行）。
