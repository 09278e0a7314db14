# 日志视图
log-title = 日志，第 { $from } 至 { $to } 行，共 { $n } 行
log-gone = { $chip } 中已没有这一行，消失前也没有看到过。
log-copy = 复制
log-select-all = 选择所有行
log-follow = 跟随最新一行
log-copied = 已复制 { $n } 行。
log-copied-part = 已复制前 { $n } 行：剪贴板最多 16 MB。

log-following = 跟随中
    .tip = 始终显示最新一行。点击可停住。
log-paused-scrolled = 已暂停：向上滚动
log-paused-searching = 已暂停：正在查找
log-paused-selecting = 已暂停：选择中
log-paused-jumped = 已暂停：停在事件处
log-resume = 回到最新一行并继续跟随
log-paused = 已暂停
log-paused-new = 已暂停，新增 { $n }

log-columns = 列
    .tip = 每行显示哪些内容
log-column-numbers = 行号
log-column-stamps = 工作进程的戳记
log-levels-all = 全部级别
    .tip = 只显示某些级别的行
log-levels-some = { $n } 个级别
log-levels-since = 数字只计打开之后新来的行。
log-levels-worse = 警告及更严重
log-levels-reset = 全部级别
log-level-none = 无级别
log-level-only = 只看这个级别

log-find-name = 在日志中查找
log-find-hint = 查找：文本或 /正则/
log-find-next = 下一处
log-find-previous = 上一处
log-find-clear = 结束查找
log-find-wrong = 表达式有误

log-ready = 还没有日志行
log-ready-why = 按“开始”，工作进程便开始写入。
log-waiting = 还没有可跟随的文件
log-waiting-why = 路径不存在，一出现就会开始跟随。
log-empty = 还没有日志行
log-empty-why = 文件是空的。写入的行会显示在这里。
log-none-of-levels = 没有所选级别的行
log-none-of-levels-why = 请在上方选择其他级别。
