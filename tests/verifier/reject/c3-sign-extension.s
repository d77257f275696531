# C3. A sign extension reaches below the table.
function f
        movsbl %al, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
