# 文本如何变成字节：用于文件面板和组建实验之处。

file-row-encoding = 编码

new-lab-encoding = 编码
encoding-utf-8 = 每行原样写入。
encoding-gbk = 简体中文，每字两个字节。含有 GBK 没有的字符（例如表情符号）的行会被拒绝并丢失。
encoding-utf-16 = 每个单元两个字节，低位在前。文件以一个标记开头，由创建文件者写入；截断之后不再有标记。
