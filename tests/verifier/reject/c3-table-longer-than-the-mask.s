# C3. As many entries as the mask admits, exactly.
function f
bad:    andl $7, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 9
        .quad PLACE + one - code_start
        .endr
end cases
