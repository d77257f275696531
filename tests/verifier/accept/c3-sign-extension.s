# Twin of reject/c3-sign-extension.s, without the fault.
function f
        movzbl %al, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
