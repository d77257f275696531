# C3. An 8-bit immediate is sign-extended.
function f
        andl $-1, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
