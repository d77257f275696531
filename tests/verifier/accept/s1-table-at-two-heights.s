# Twin of reject/s1-table-at-two-heights.s, without the fault.
function f
        movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    nop
        movzbl %al, %eax
        jmpq *cases(,%rax,8)
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
