# 用户自己的程序作为工作进程。
program-tip = 启动 { $command }。写什么、写多快由它自己决定；它的文件只从外部观察。
program-output = 它的标准输出和标准错误保存在 { $path }。
program-command = 命令
