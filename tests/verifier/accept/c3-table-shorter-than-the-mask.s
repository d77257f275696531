# Twin of reject/c3-table-shorter-than-the-mask.s, without the fault.
function f
bad:    movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad PLACE + one - code_start
        .endr
end cases
