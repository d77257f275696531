# Twin of reject/c1-jump-into-a-distant-shape.s, without the fault.
function f
        testl %eax, %eax
bad:    je 2f
        .fill 150, 1, 0x90
2:      movl %ecx, %r10d
3:      andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
        callq *FT(%r10)
        ret
1:      ud2
end f
