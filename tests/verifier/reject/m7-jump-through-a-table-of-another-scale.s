# M7. A scale of four reads halves of two entries.
function f
        movzbl %al, %eax
bad:    jmpq *cases(,%rax,4)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
