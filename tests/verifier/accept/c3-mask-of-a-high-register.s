# Twin of reject/c3-mask-of-a-high-register.s, without the fault.
function f
        andl $0x7, %r12d
bad:    jmpq *cases(,%r12,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
