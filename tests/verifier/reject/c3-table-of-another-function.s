# C3. A table has one owner.
function f
bad:    movzbl %al, %eax
        jmpq *others(,%rax,8)
one:    ret
end f
function g
2:      ret
end g
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
jump_table others g
        .rept 256
        .quad 2b
        .endr
end others
