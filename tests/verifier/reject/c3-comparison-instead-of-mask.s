# C3. A branch can be mis-speculated, and jumped around.
function f
        cmpl $7, %eax
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 8
        .quad one
        .endr
end cases
