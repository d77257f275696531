# Twin of reject/c1-jump-into-a-distant-switch.s, without the fault.
function f
        testl %eax, %eax
bad:    je 1f
        .fill 300, 1, 0x90
1:      andl $0, %ecx
2:      jmpq *cases(,%rcx,8)
end f
.section .tables,"a"
jump_table cases f
        .quad 1b
end cases
