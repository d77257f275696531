# C1. A jump to the transfer of a switch skips its mask.
function f
        testl %eax, %eax
bad:    je 2f
1:      movzbl %al, %eax
2:      jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
