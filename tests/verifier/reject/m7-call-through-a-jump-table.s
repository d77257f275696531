# M7. A call would push a return address where a jump is checked.
function f
        movzbl %al, %eax
bad:    callq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
