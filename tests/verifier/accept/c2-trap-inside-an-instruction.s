# Twin of reject/c2-trap-inside-an-instruction.s, without the fault.
function f
bad:    movl %ecx, %r10d
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 2f
        callq *FT(%r10)
        testl %eax, %eax
1:      movl $0x0b0f, %eax
2:      ud2
end f
