# C3. ah is not al; without REX the same number names either.
function f
        movzbl %ah, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
