# Twin of reject/m7-jump-through-a-table-with-a-base.s, without the fault.
function f
        movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
