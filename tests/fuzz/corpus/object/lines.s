# Line numbers of two files, in several functions.
.file 1 "first.c"
.file 2 "directory" "second.c"
.text
function first
.loc 1 7
nop
.loc 1 9 3
nop
.loc 2 900000 1 is_stmt 0
ret
end first
function second
.loc 2 1
.zero 300, 0x90
.loc 2 2
ret
end second
