# Twin of reject/c1-jump-over-the-index-mask.s, without the fault.
function f
        testl %eax, %eax
        je 1f
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
