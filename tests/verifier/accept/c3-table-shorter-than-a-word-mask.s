# Twin of reject/c3-table-shorter-than-a-word-mask.s, without the fault.
function f
bad:    movzwl %ax, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 65536
        .quad PLACE + one - code_start
        .endr
end cases
