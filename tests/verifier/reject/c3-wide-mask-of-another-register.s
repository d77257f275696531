# C3. The short form of andl is for eax only.
function f
        andl $0x3ff, %ecx
bad:    jmpq *cases(,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 1024
        .quad one
        .endr
end cases
