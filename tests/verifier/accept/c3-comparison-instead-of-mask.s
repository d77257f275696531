# Twin of reject/c3-comparison-instead-of-mask.s, without the fault.
function f
        andl $0x7, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
