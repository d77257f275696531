# C3. movzwl admits 65,536 entries.
function f
bad:    movzwl %ax, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad PLACE + one - code_start
        .endr
end cases
