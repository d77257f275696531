# C3. Masks of r8 to r15 have a REX of their own.
function f
        andl $0x7, %r13d
bad:    jmpq *cases(,%r12,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
