# C3. Something between mask and jump may change the index.
function f
        movzbl %al, %eax
        shll $1, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
