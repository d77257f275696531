# C3. ecx is masked, rax is the index.
function f
        movzbl %cl, %ecx
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
