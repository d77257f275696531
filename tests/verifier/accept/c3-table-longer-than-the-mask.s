# Twin of reject/c3-table-longer-than-the-mask.s, without the fault.
function f
bad:    andl $7, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad PLACE + one - code_start
        .endr
end cases
