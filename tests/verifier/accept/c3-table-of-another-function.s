# Twin of reject/c3-table-of-another-function.s, without the fault.
function f
bad:    movzbl %al, %eax
        jmpq *cases(,%rax,8)
one:    ret
end f
function g
2:      ret
end g
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
jump_table others g
        .rept 256
        .quad 2b
        .endr
end others
