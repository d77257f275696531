# Twin of reject/c1-jump-into-an-instruction.s, without the fault.
function f
        jmp 1f
1:      movl $0xc3c3c3c3, %eax
        ret
end f
