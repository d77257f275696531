# C3. andb leaves the rest.
function f
        andb $0x7, %al
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
