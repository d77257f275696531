# S1. Two jumps through one table at two heights.
function f
        movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    pushq %rax
bad:
        movzbl %al, %eax
        jmpq *cases(,%rax,8)
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
