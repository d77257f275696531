# Twin of reject/c3-byte-mask-of-a-high-register.s, without the fault.
function f
        movzbl %r10b, %r10d
bad:    jmpq *cases(,%r10,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
