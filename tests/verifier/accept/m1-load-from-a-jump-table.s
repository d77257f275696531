# Twin of reject/m1-load-from-a-jump-table.s, without the fault.
function f
        movzbl %al, %eax
        movq %gs:8(,%eax,8), %rcx
one:    ret
end f
.section .tables,"a"
jump_table cases f
        .rept 256
        .quad one
        .endr
end cases
