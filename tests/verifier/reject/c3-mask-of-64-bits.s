# C3. movzbq is not among the masks.
function f
        movzbq %al, %rax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
