# Comparing handlers under faults.

action-compare-handlers = 比较处理器
    .tip = 让每个处理器经历每种故障，看谁丢失了什么

compare-title = 比较处理器
compare-close = 关闭比较
    .tip = 回到会话；正在运行的比较会结束
compare-csv = 另存为 CSV…
    .tip = 把表格写成电子表格可读的文件
compare-png = 另存为 PNG…
    .tip = 把图表和表格写成图片
compare-path-title = 把比较结果保存到
compare-written = 比较结果已写入 { $path }
compare-not-written = 无法将比较结果写入 { $path }：{ $reason }

compare-handlers = 处理器
compare-faults = 故障
compare-all = 全选
compare-none = 全不选
compare-processes = 进程数
    .tip = 一起写同一份日志的工作进程数
compare-duration = 每次时长
    .tip = 每次运行的时长；故障在其间发生，多数会反复发生
compare-nothing = 请选择处理器和故障。
compare-estimate = { $n ->
       *[other] 共 { $n } 次，约 { $time }
    }
compare-seconds = { $n } 秒
compare-minutes = { $n } 分钟
compare-run = 开始比较
    .tip = 启动真实的工作进程，一次接一次，每次用单独的文件夹
compare-cancel =
    .tip = 结束当前这次，保留已有结果

compare-empty = 谁在哪种故障下丢失了什么？
    .why = 每个处理器都由真实进程写日志，同时文件被删除、改名、截断、替换，或者跨过午夜。图表显示每一行的下落。请在左侧选择，然后按“开始比较”。
compare-running = 第 { $n } 次，共 { $runs } 次：{ $handler } 经历 { $fault }，还剩约 { $left }
compare-ending = 正在结束当前这次…
compare-ended-early = 共 { $runs } 次，完成 { $n } 次后结束
compare-done = { $n ->
       *[other] { $n } 次全部完成
    }
compare-plus = +n 重复
compare-percent = n % 丢失或撕裂，占写出的行
compare-never = 从未
compare-group-lines = 一次运行的行数，所有工作进程合计
    .tip = 写出 = 完好 + 撕裂 + 丢失 + 销毁 + 过期 + 在途。走散的行已算在完好之内；重复的行不计入总和。
compare-group-times = 重新打开用时
    .tip = 文件被拿走的工作进程打开下一个文件所用的时间，统计一次运行中所有这类情况
compare-handler = 处理器
    .tip = 工作进程写文件的方式
compare-fault = 故障
    .tip = 工作进程、文件或时钟遇到的事
compare-lost-percent = 丢失 %
    .tip = 丢失的行占写出的行的比例
compare-median = 中位数
    .tip = 从失去文件到工作进程打开下一个文件的时间：一半的情况不超过它
compare-worst = 最长
    .tip = 从失去文件到工作进程打开下一个文件的最长时间
compare-reopened = 重新打开
compare-picture = { $processes } 个进程，每次 { $time } · Rotascope { $version }

fault-none = 什么也不发生：在这里丢失的，天天都会丢失。
fault-rollover = 每秒过一天，午夜每秒来一次，每个处理器都要换文件。
fault-delete = 当前文件反复被删除。
fault-rename = 当前文件反复被改名，如 logrotate 所为。
fault-truncate = 当前文件反复被截断为空。
fault-replace = 当前文件反复被空文件替换，如编辑器保存时所为。
fault-remove-dir = 日志文件夹连同内容被删除，每次有人重建都再删一次。
fault-chmod = 日志文件夹变为只读，跨过午夜，再恢复可写；root 不受影响。
fault-kill = 工作进程在写时逐个被杀死（SIGKILL），只留最后一个。
fault-stop = 第一个工作进程被暂停（SIGSTOP），跨过午夜，再继续（SIGCONT）。
fault-clock = 时钟向前拨过午夜又拨回一小时，共两次；每个工作进程在各自的时刻得知。
fault-fill-disk = 磁盘在三分之一的时间里是满的；只在临时文件位于小于 256 MiB 的磁盘上时可用。

handler-plain = 只打开文件一次并一直追加，不管文件被移到哪里，被删除后也照写。
handler-watched = 写每一行前查看路径，文件不在或换成别的文件时重新打开；文件夹不在时每一行都失败。
handler-timed-rotating = 周期结束时，先删除占用归档名的文件，再把自己的文件改成这个名字；多个进程会互相删除归档。
handler-timed-rotating-keep = 周期结束时，若归档还不存在就把文件改名；两个进程同时看到名字空着，就会互相覆盖。
handler-timed-rotating-reopen = 与 timed-rotating-keep 相同，并在写每一行前查看路径；它能发现文件被删除，但两个进程同时切换时仍会丢行。
handler-daily = 按日期命名文件，同时查看它是否还在；若午夜时文件夹不在，它的流就永远关闭。
handler-locked = 写每一行都先加锁，在锁内查看路径、切换文件，所以切换不会丢行；谁拿着锁时被冻结，其他进程就都得等它。
handler-verified = 按日期命名文件，把刚写的行留在内存里，随后再查看：若文件已经没有名字，就把这些行重新写一遍。删除、改名、替换都不会丢行。
