# Programs of the user's own as workers.
program-tip = Starts { $command }. What it writes and how fast, it decides by itself; its files are seen from outside.
program-output = What it says on its standard output and error is kept in { $path }.
program-command = Command
