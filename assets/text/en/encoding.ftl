# How text becomes bytes: in the files panel, and where a lab is put together.

file-row-encoding = encoding

new-lab-encoding = Encoding
encoding-utf-8 = Each line is written as it is.
encoding-gbk = Simplified Chinese in two bytes a character. A line with a character that GBK lacks, an emoji for instance, is refused and lost.
encoding-utf-16 = Two bytes a unit, little-endian. The file begins with a mark, written by whoever makes it; after a truncation it has none.
