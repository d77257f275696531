# C3. The long form.
function f
        andl $0x3ff, %r9d
bad:    jmpq *cases(,%r8,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 1024
        .quad one
        .endr
end cases
