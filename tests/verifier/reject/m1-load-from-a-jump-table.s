# M1. A jump table is read by the jump only: its entries are code addresses.
function f
        movzbl %al, %eax
bad:    movq cases(,%rax,8), %rcx
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
