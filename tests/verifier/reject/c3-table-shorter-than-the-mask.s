# C3. The mask admits 256 entries.
function f
bad:    movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 255
        .quad PLACE + one - code_start
        .endr
end cases
