# Twin of reject/c3-wide-mask-of-a-high-register.s, without the fault.
function f
        andl $0x3ff, %r8d
bad:    jmpq *cases(,%r8,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 1024
        .quad one
        .endr
end cases
