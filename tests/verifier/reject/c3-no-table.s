# C3. The displacement names no table.
function f
bad:    movzbl %al, %eax
        jmpq *cases+8(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
