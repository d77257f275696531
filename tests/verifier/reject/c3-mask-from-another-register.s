# C3. The source is bounded too, but the shape is exact.
function f
        movzbl %cl, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
