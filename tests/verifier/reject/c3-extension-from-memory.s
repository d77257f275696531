# C3. A load is bounded, but not the shape.
function f
        movzbl %gs:(%eax), %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
