# M7. A base that nothing has masked.
function f
        movzbl %al, %eax
bad:    jmpq *cases(%rcx,%rax,8)
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
