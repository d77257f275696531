# C3. movzbl of r8 to r15.
function f
        movzbl %r11b, %r10d
bad:    jmpq *cases(,%r10,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
